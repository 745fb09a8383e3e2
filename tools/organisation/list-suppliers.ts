import { Type } from '@sinclair/typebox'
import { Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { findSuppliers } from '../../src/pos/organisation/suppliers.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, Limit, Nullable, NullableText } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean, cleanOrNull, nameWithState } from '../../src/results/text.ts'

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
  output: Type.Object({
    suppliers: Type.Array(
      Type.Object({
        id: Type.String(),
        name: Type.String(),
        email: NullableText,
        phone: NullableText,
        taxId: NullableText,
        leadTimeDays: Nullable(Type.Integer()),
        isActive: Type.Boolean(),
        activeProducts: Type.Integer(),
      }),
    ),
    ...PAGE_OUTPUT,
  }),
  async handler({ search, limit, cursor }, { db, business }) {
    const after = decodeCursor(cursor, 2)
    const rows = await findSuppliers(db, business.id, { search, limit: limit + 1, after })
    const { items: suppliers, ...more } = page(
      rows,
      limit,
      (row) => [row.name, row.id],
      (row) => ({
        id: row.id,
        name: clean(row.name),
        email: cleanOrNull(row.email, 100),
        phone: cleanOrNull(row.phone, 40),
        taxId: cleanOrNull(row.tax_id, 40),
        leadTimeDays: row.lead_time_days,
        isActive: row.is_active,
        activeProducts: row.active_products,
      }),
    )
    return {
      text: listText({
        what: 'suppliers',
        headers: ['supplier', 'email', 'phone', 'tax id', 'lead time (days)', 'active products', 'id'],
        rows: suppliers.map((supplier) => [
          nameWithState(supplier.name, supplier.isActive),
          supplier.email ?? '–',
          supplier.phone ?? '–',
          supplier.taxId ?? '–',
          supplier.leadTimeDays ?? '–',
          supplier.activeProducts,
          supplier.id,
        ]),
        nextCursor: more.nextCursor,
      }),
      data: { suppliers, ...more },
    }
  },
})
