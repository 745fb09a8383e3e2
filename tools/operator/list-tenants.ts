import { Type } from '@sinclair/typebox'
import { listTenants } from '../../src/auth/tenants.ts'
import { Search } from '../../src/mcp/arguments.ts'
import { defineContextTool, readOnly } from '../../src/mcp/tool.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, Limit } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'

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
    matching: Type.Integer(),
    tenants: Type.Array(
      Type.Object({ id: Type.String(), name: Type.String(), timezone: Type.String(), currency: Type.String() }),
    ),
    ...PAGE_OUTPUT,
  }),
  async handler({ search, limit, cursor }, { database }) {
    const after = decodeCursor(cursor, 2)
    const { matching, tenants: rows } = await listTenants(database, { limit: limit + 1, search, after })
    const { items: tenants, ...more } = page(
      rows,
      limit,
      ({ storedName, tenant }) => [storedName, tenant.id],
      ({ tenant: { id, name, timezone, currency } }) => ({ id, name, timezone, currency }),
    )
    return {
      text: listText({
        what: 'active tenants',
        headers: ['tenant', 'id', 'zone', 'currency'],
        rows: tenants.map((tenant) => [tenant.name, tenant.id, tenant.timezone, tenant.currency]),
        total: matching,
        nextCursor: more.nextCursor,
      }),
      data: { matching, tenants, ...more },
    }
  },
})
