import { Type } from '@sinclair/typebox'
import { Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { findCategories } from '../../src/pos/catalogue/categories.ts'
import { countNamed } from '../../src/pos/named-lists.ts'
import { COMPACT_OUTPUT, CompactRows, compactPage } from '../../src/results/compact-page.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit } from '../../src/results/schema.ts'
import { clean } from '../../src/results/text.ts'

export default defineTool({
  name: 'list_categories',
  title: 'Categories',
  description:
    'The categories by name, each with how many of its products are on sale. Use it to find one for get_products or ' +
    'create_product; for what they sell use get_sales_by_category. Default: 50 rows.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ search: Search, limit: Limit({ default: 50, maximum: 100 }), cursor: Cursor }),
  output: Type.Object({ categories: CompactRows, ...COMPACT_OUTPUT }),
  async handler({ search, limit, cursor }, { db, business }) {
    const after = decodeCursor(cursor, 2)
    const [found, total] = await Promise.all([
      findCategories(db, business.id, { search, limit: limit + 1, after }),
      countNamed(db, 'category', business.id, search),
    ])
    const isNearest = total === 0 && search !== undefined
    const rows = isNearest ? await findCategories(db, business.id, { search, isNearest, limit }) : found
    const list = compactPage({
      what: 'categories',
      columns: ['category', 'products on sale', 'state'],
      rows,
      limit,
      total,
      isNearest,
      keyOf: (row) => [row.name, row.id],
      cells: (row) => [clean(row.name), String(row.active_products), row.is_active ? '' : 'switched off'],
    })
    return { text: list.text, data: { categories: list.rows, ...list.data }, file: list.file }
  },
})
