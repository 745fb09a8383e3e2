import { Type } from '@sinclair/typebox'
import { listTenants } from '../../src/auth/tenants.ts'
import { Search } from '../../src/mcp/arguments.ts'
import { decodeCursor, page } from '../../src/mcp/cursor.ts'
import { Cursor, Limit } from '../../src/mcp/schema.ts'
import { cutNotice, table } from '../../src/mcp/text.ts'
import { defineContextTool, readOnly } from '../../src/mcp/tool.ts'

export default defineContextTool({
  name: 'list_tenants',
  title: 'List tenants',
  description:
    'Lists the active businesses of the platform by name, for operators. Use it to find the id for set_active_tenant.',
  scopes: [],
  annotations: readOnly,
  visibleTo: (principal) => principal.kind === 'operator',
  input: Type.Object({ search: Search, limit: Limit({ default: 25, maximum: 100 }), cursor: Cursor }),
  output: Type.Object({
    tenants: Type.Array(
      Type.Object({ id: Type.String(), name: Type.String(), timezone: Type.String(), currency: Type.String() }),
    ),
    hasMore: Type.Boolean(),
    nextCursor: Type.Optional(Type.String()),
  }),
  async handler({ search, limit = 25, cursor }, { database }) {
    const [name, id] = decodeCursor(cursor, 2) ?? []
    const after = name === undefined || id === undefined ? undefined : { name, id }
    const rows = await listTenants(database, { limit: limit + 1, search, after })
    const { shown, ...more } = page(rows, limit, (row) => [row.name, row.id])
    const tenants = shown.map(({ id, name, timezone, currency }) => ({ id, name, timezone, currency }))
    return {
      text:
        tenants.length === 0
          ? 'No active tenant matches.'
          : cutNotice(tenants.length, 'tenants', more.nextCursor) +
            table(
              ['tenant', 'id', 'zone', 'currency'],
              tenants.map((tenant) => [tenant.name, tenant.id, tenant.timezone, tenant.currency]),
            ),
      data: { tenants, ...more },
    }
  },
})
