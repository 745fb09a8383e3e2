import { Type } from '@sinclair/typebox'
import { addressOf, inBusiness, mayUse } from '../../src/mcp/research.ts'
import { defineContextTool, readOnly, type Tool } from '../../src/mcp/tool.ts'
import { findProducts } from '../../src/pos/catalogue/products.ts'
import { findClients } from '../../src/pos/clients/clients.ts'
import { findOrders } from '../../src/pos/orders/orders.ts'
import { ownOrders, whose } from '../../src/pos/orders/staff.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { localDate, withOffset } from '../../src/time/local.ts'
import { REPORTS } from './fetch.ts'

const OF_EACH = 10

export default defineContextTool({
  name: 'search',
  title: 'Search',
  description:
    'Finds products, clients, orders and reports of the shop by words, SKU, code or number. Read what it finds with fetch.',
  scopes: ['pos:read'],
  annotations: readOnly,
  visibleTo: ({ view }) => view?.toolset === 'research',
  input: Type.Object({ query: Type.String({ minLength: 1, maxLength: 100 }) }),
  output: Type.Object({
    results: Type.Array(Type.Object({ id: Type.String(), title: Type.String(), url: Type.String() })),
  }),
  handler({ query: search }, context) {
    return inBusiness(context, async (each) => {
      const { db, business, principal, now } = each
      const { id, timezone } = business
      const today = localDate(now, timezone)
      const who = await whose(each, undefined)
      const [products, clients, orders] = await Promise.all([
        findProducts(db, business.id, { search, active: true, limit: OF_EACH }),
        principal.clientData
          ? findClients(db, { id, timezone, today }, { search, active: true, sort: 'name', limit: OF_EACH })
          : [],
        findOrders(db, business.id, { ...(who.ownOnly ? ownOrders(who, search) : { search }), limit: OF_EACH }),
      ])
      const found = [
        ...products.map((row) => ({
          id: `product:${row.sku}`,
          title: `${variantName(row)}, SKU ${clean(row.sku, 60)}`,
        })),
        ...clients.map((row) => ({
          id: `client:${row.code}`,
          title: `Client ${clean(row.name, 80)} (${clean(row.code, 40)})`,
        })),
        ...orders.map((row) => ({
          id: `order:${row.order_number}`,
          title: `Order ${clean(row.order_number, 60)}, ${row.status}, ${withOffset(row.opened_at, row.timezone).slice(0, 16).replace('T', ' ')}`,
        })),
        ...REPORTS.filter((tool) => mayUse(tool, each) && isAbout(tool, search)).map(({ name, title }) => ({
          id: `report:${name}`,
          title: `Report: ${title}`,
        })),
      ]
      const data = { results: found.map(({ id, title }) => ({ id, title, url: addressOf(id, context) })) }
      return { text: JSON.stringify(data), data }
    })
  },
})

/** Whether a report is about one of the words: research begins with questions, not with names. */
function isAbout({ title, description }: Tool, query: string): boolean {
  const text = `${title} ${description}`.toLowerCase()
  const words = query.toLowerCase().match(/\p{L}{4,}/gu) ?? []
  return words.some((word) => text.includes(word.replace(/s$/, '')))
}
