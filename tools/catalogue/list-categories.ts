import { Type } from '@sinclair/typebox'
import { Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { findCategories } from '../../src/pos/catalogue/categories.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, Limit } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean, nameWithState } from '../../src/results/text.ts'

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
  output: Type.Object({
    categories: Type.Array(
      Type.Object({
        id: Type.String(),
        name: Type.String(),
        isActive: Type.Boolean(),
        activeProducts: Type.Integer(),
      }),
    ),
    ...PAGE_OUTPUT,
  }),
  async handler({ search, limit, cursor }, { db, business }) {
    const after = decodeCursor(cursor, 2)
    const rows = await findCategories(db, business.id, { search, limit: limit + 1, after })
    const { items: categories, ...more } = page(
      rows,
      limit,
      (row) => [row.name, row.id],
      (row) => ({
        id: row.id,
        name: clean(row.name),
        isActive: row.is_active,
        activeProducts: row.active_products,
      }),
    )
    return {
      text: listText({
        what: 'categories',
        headers: ['category', 'active products', 'id'],
        rows: categories.map(({ id, name, isActive, activeProducts }) => [
          nameWithState(name, isActive),
          activeProducts,
          id,
        ]),
        nextCursor: more.nextCursor,
      }),
      data: { categories, ...more },
    }
  },
})
