import type { TestDatabase } from '../support/database.ts'
import { makeProduct, makeShop, type Shop } from '../support/shop.ts'
import type { Final, Operation, Sight } from './checker.ts'

export const SKUS = ['TEA', 'RICE', 'SALT'] as const
export const PRICE = 10
export const OPENING = 60

/** A shop with two locations and little stock, so that refusals are as common as sales. */
export async function makeBusyShop(db: TestDatabase, ownerUid: string): Promise<Shop> {
  const zone = 'America/Guatemala'
  const shop = await makeShop(db, { name: 'Busy', locationZones: [zone, zone] })
  await db.asOwner(
    `insert into business_user (business_id, user_id, role) select $1, id, 'owner' from app_user where firebase_uid = $2`,
    [shop.id, ownerUid],
  )
  for (const sku of SKUS) {
    const { variantId } = await makeProduct(db, shop, { sku, price: String(PRICE) })
    for (const location of shop.locations) {
      await db.asOwner(
        `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
         values ($1, $2, $3, $4, 'opening')`,
        [shop.id, location, variantId, OPENING],
      )
    }
  }
  return shop
}

export const stockKey = (location: string, sku: string) => `stock:${location}:${sku}`
/** The stock of all locations together, which a transfer must never change, not even for a moment. */
export const totalKey = (sku: string) => `stock:all:${sku}`

/** A call of a tool, and what its answer means. */
export interface Plan {
  tool: string
  args: Record<string, unknown>
  /** What it does if it happens; null where only the answer or the ledger tells. */
  effects: Operation['effects'] | null
  /** What a right answer says. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are data of several tools
  read(data: any): Pick<Operation, 'seen'> & Partial<Pick<Operation, 'effects'>>
  /** Called with the answer of a success. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  remember?(data: any): void
}

interface Sale {
  id: string
  orderId: string
  location: string
  sku: string
  quantity: number
}

/** Random numbers that a seed repeats: https://github.com/cprosche/mulberry32 */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Plans what people do in a shop, from random numbers and from the sales so far. */
export function createPlanner(shop: Shop, window: { from: string; to: string }) {
  const sales: Sale[] = []
  const businessId = shop.id

  return function plan(id: string, random: () => number): Plan {
    const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
    const [sku, location, quantity] = [one(SKUS), one(shop.locations), 1 + Math.floor(random() * 3)]
    const kind = random()
    const sale = one(sales.slice(-12))

    if (kind < 0.34) return sell(sku, location, quantity)
    if (kind < 0.46 && sale !== undefined) return refund(sale, Math.min(quantity, sale.quantity))
    if (kind < 0.51 && sale !== undefined) return cancel(sale)
    if (kind < 0.63) return transfer(sku, location, quantity)
    if (kind < 0.73) return adjust(sku, location, one([-2, -1, 2, 4, 6]))
    if (kind < 0.77) return count(sku, location, 20 + Math.floor(random() * 30))
    if (kind < 0.88 || sale === undefined) return lookAtStock()
    if (kind < 0.95) return lookAtOrder(sale)
    return lookAtReport()

    function sell(what: string, where: string, units: number): Plan {
      const cents = units * PRICE * 100
      return {
        tool: 'create_order',
        args: { businessId, locationId: where, items: [{ product: what, quantity: String(units) }], note: id },
        effects: [
          { key: stockKey(where, what), delta: -units },
          { key: totalKey(what), delta: -units },
          { key: `paid:${id}`, delta: cents },
          { key: 'net', delta: cents },
          { key: 'orders', delta: 1 },
        ],
        read: (data) => ({
          seen: [
            ...left(data.stock, where),
            { key: `paid:${id}`, value: cents * Number(inCents(data.totals.total) === cents) },
          ],
        }),
        remember: (data) => sales.push({ id, orderId: data.order.id, location: where, sku: what, quantity: units }),
      }
    }

    function refund({ id: of, orderId, location: where, sku: what, quantity: sold }: Sale, units: number): Plan {
      const cents = units * PRICE * 100
      return {
        tool: 'refund_order',
        args: { businessId, order: orderId, lines: [{ line: 1, quantity: String(units) }], restock: true, reason: id },
        effects: [
          { key: stockKey(where, what), delta: units },
          { key: totalKey(what), delta: units },
          { key: `refunded:${of}`, delta: cents },
          { key: 'net', delta: -cents },
        ],
        read: (data) => ({
          seen: [
            ...left(data.stock, where),
            { key: `refunded:${of}`, value: sold * PRICE * 100 - inCents(data.refundable) },
          ],
        }),
      }
    }

    function cancel({ id: of, orderId, location: where, sku: what, quantity: sold }: Sale): Plan {
      return {
        tool: 'cancel_order',
        args: { businessId, order: orderId, reason: id },
        effects: [
          { key: stockKey(where, what), delta: sold },
          { key: totalKey(what), delta: sold },
          { key: `cancelled:${of}`, delta: 1 },
          { key: 'net', delta: -sold * PRICE * 100 },
          { key: 'orders', delta: -1 },
        ],
        read: (data) => ({ seen: [...left(data.stock, where), { key: `cancelled:${of}`, value: 1 }] }),
      }
    }

    function transfer(what: string, from: string, units: number): Plan {
      const to = shop.locations.find((each) => each !== from) as string
      return {
        tool: 'transfer_inventory',
        args: {
          businessId,
          fromLocationId: from,
          toLocationId: to,
          items: [{ product: what, quantity: String(units) }],
          note: id,
        },
        effects: [
          { key: stockKey(from, what), delta: -units },
          { key: stockKey(to, what), delta: units },
        ],
        read: (data) => ({
          seen: [
            { key: stockKey(from, what), value: Number(data.items[0].onHandFrom) },
            { key: stockKey(to, what), value: Number(data.items[0].onHandTo) },
          ],
        }),
      }
    }

    function adjust(what: string, where: string, change: number): Plan {
      return {
        tool: 'adjust_inventory',
        args: { businessId, product: what, locationId: where, change: String(change), note: id },
        effects: [
          { key: stockKey(where, what), delta: change },
          { key: totalKey(what), delta: change },
        ],
        read: (data) => ({ seen: [{ key: stockKey(where, what), value: Number(data.after) }] }),
      }
    }

    function count(what: string, where: string, units: number): Plan {
      const by = (delta: number) =>
        delta === 0
          ? []
          : [
              { key: stockKey(where, what), delta },
              { key: totalKey(what), delta },
            ]
      return {
        tool: 'adjust_inventory',
        args: { businessId, product: what, locationId: where, countedQuantity: String(units), note: id },
        effects: null,
        read: (data) => ({
          effects: by(Number(data.change)),
          seen: [{ key: stockKey(where, what), value: Number(data.after) }],
        }),
      }
    }

    function lookAtStock(): Plan {
      return {
        tool: 'get_inventory',
        args: { businessId, limit: 100 },
        effects: [],
        read({ stock }: { stock: { sku: string; location: { id: string }; onHand: string }[] }) {
          const rows = stock.map((row) => ({ key: stockKey(row.location.id, row.sku), value: Number(row.onHand) }))
          const totals = SKUS.map((each) => ({
            key: totalKey(each),
            value: stock.filter((row) => row.sku === each).reduce((sum, row) => sum + Number(row.onHand), 0),
          }))
          return { seen: [...rows, ...totals] }
        },
      }
    }

    function lookAtOrder({ id: of, orderId }: Sale): Plan {
      return {
        tool: 'get_order',
        args: { businessId, order: orderId },
        effects: [],
        read: ({ order, payments, refunds }) => ({
          seen: [
            { key: `paid:${of}`, value: sumOf(payments.map((each: Amounted) => each.amount)) },
            { key: `refunded:${of}`, value: sumOf(refunds.map((each: Amounted) => each.total)) },
            { key: `cancelled:${of}`, value: Number(order.status === 'cancelled') },
          ],
        }),
      }
    }

    function lookAtReport(): Plan {
      return {
        tool: 'get_sales_report',
        args: { businessId, ...window },
        effects: [],
        read: ({ totals }) => ({
          seen: [
            { key: 'net', value: inCents(totals.netSales) },
            { key: 'orders', value: totals.orders },
          ],
        }),
      }
    }
  }
}

type Amounted = Record<'amount' | 'total', { amount: string }>

const inCents = (amount: string) => Math.round(Number(amount) * 100)
const sumOf = (amounts: { amount: string }[]) => amounts.reduce((sum, { amount }) => sum + inCents(amount), 0)

function left(stock: { sku: string; onHand: string }[], location: string): Sight[] {
  return stock.map(({ sku, onHand }) => ({ key: stockKey(location, sku), value: Number(onHand) }))
}

/** What the database holds after a run, from its rows and not from sums that the service keeps. */
export async function readFinal(
  { asOwner }: TestDatabase,
  shop: Shop,
): Promise<Final & { ledger: Map<string, number> }> {
  const counters = new Map<string, number>()
  const initial = new Map<string, number>()
  const ledger = new Map<string, number>()
  const b = [shop.id]
  for (const sku of SKUS) {
    initial.set(totalKey(sku), OPENING * shop.locations.length)
    for (const location of shop.locations) initial.set(stockKey(location, sku), OPENING)
  }
  const stock = await asOwner<{ location: string; sku: string; kept: string; moved: string }>(
    `select i.location_id as location, v.sku, i.on_hand as kept, (select sum(m.quantity) from inventory_movement m
       where m.business_id = i.business_id and m.location_id = i.location_id and m.variant_id = i.variant_id) as moved
     from inventory i join product_variant v on v.business_id = i.business_id and v.id = i.variant_id
     where i.business_id = $1`,
    b,
  )
  for (const { location, sku, kept, moved } of stock) {
    counters.set(stockKey(location, sku), Number(kept))
    counters.set(totalKey(sku), (counters.get(totalKey(sku)) ?? 0) + Number(kept))
    ledger.set(stockKey(location, sku), Number(moved))
  }
  const orders = await asOwner<{ id: string; paid: string; refunded: string; cancelled: number; net: string }>(
    `select o.note as id, o.status = 'cancelled' as cancelled,
       coalesce((select sum(amount) from order_payment p where p.business_id = o.business_id and p.order_id = o.id), 0) as paid,
       coalesce((select sum(l.returns + l.tax) from order_refund_line l
         where l.business_id = o.business_id and l.order_id = o.id), 0) as refunded,
       (select sum(i.gross_sales - i.discount) from order_item i
         where i.business_id = o.business_id and i.order_id = o.id) as net
     from orders o where o.business_id = $1`,
    b,
  )
  const completed = orders.filter(({ cancelled }) => !cancelled)
  counters.set('orders', completed.length)
  counters.set(
    'net',
    completed.reduce((sum, { net, refunded }) => sum + inCents(net) - inCents(refunded), 0),
  )
  for (const { id, paid, refunded, cancelled } of orders) {
    counters.set(`paid:${id}`, inCents(paid))
    counters.set(`refunded:${id}`, inCents(refunded))
    counters.set(`cancelled:${id}`, Number(cancelled))
  }
  const traces = await asOwner<{ id: string; times: string }>(
    `select note as id, count(*) as times from orders where business_id = $1 group by 1
     union all select cancel_reason, count(*) from orders where business_id = $1 and cancel_reason is not null group by 1
     union all select reason, count(*) from order_refund where business_id = $1 group by 1
     union all select note, count(distinct coalesce(case when reason ~ '^transfer' then source_id end, id))
       from inventory_movement where business_id = $1 and note is not null group by 1`,
    b,
  )
  const applied = new Map(traces.map(({ id, times }) => [id, Number(times)]))
  return { initial, counters, applied, ledger }
}
