import { Type } from '@sinclair/typebox'
import { Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { countNamed } from '../../src/pos/named-lists.ts'
import { findSuppliers } from '../../src/pos/organisation/suppliers.ts'
import { COMPACT_OUTPUT, CompactRows, compactPage } from '../../src/results/compact-page.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit } from '../../src/results/schema.ts'
import { clean } from '../../src/results/text.ts'

export default defineTool({
  name: 'list_suppliers',
  title: 'Suppliers',
  description:
    'The suppliers by name with contact, lead time in days and how many of their products are on sale. For what to ' +
    'reorder use get_inventory_health. Default: 25 rows.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ search: Search, limit: Limit({ default: 25, maximum: 100 }), cursor: Cursor }),
  output: Type.Object({ suppliers: CompactRows, ...COMPACT_OUTPUT }),
  async handler({ search, limit, cursor }, { db, business }) {
    const after = decodeCursor(cursor, 2)
    const [found, total] = await Promise.all([
      findSuppliers(db, business.id, { search, limit: limit + 1, after }),
      countNamed(db, 'supplier', business.id, search),
    ])
    const isNearest = total === 0 && search !== undefined
    const rows = isNearest ? await findSuppliers(db, business.id, { search, isNearest, limit }) : found
    const list = compactPage({
      what: 'suppliers',
      columns: ['supplier', 'e-mail', 'phone', 'tax id', 'lead time (days)', 'products on sale', 'state'],
      rows,
      limit,
      total,
      isNearest,
      keyOf: (row) => [row.name, row.id],
      cells: (row) => [
        clean(row.name, 80),
        clean(row.email ?? '', 80),
        clean(row.phone ?? '', 40),
        clean(row.tax_id ?? '', 40),
        row.lead_time_days === null ? '' : String(row.lead_time_days),
        String(row.active_products),
        row.is_active ? '' : 'switched off',
      ],
    })
    return { text: list.text, data: { suppliers: list.rows, ...list.data }, file: list.file }
  },
})
