import { Decimal } from 'decimal.js'
import { expect } from 'vitest'
import { localTime, type RawRows } from '../support/raw-figures.ts'
import type { World } from './world.ts'

const MEASURES = ['orders', 'refunds', 'netSales', 'costedNetSales', 'cost', 'tips'] as const
type Sums = Record<(typeof MEASURES)[number], Decimal>

/** What an order or a refund adds up to, and what it is summed by. */
interface Fact extends Sums {
  at: Date
  hasTime: boolean
  locationId: string
  employeeId: string | null
  orderType: string
  isDiscounted: boolean
  customerId: string | null
  city: string
}

/** Where a fact counts in one basis. */
interface Place {
  locationId: string
  day: string
  month: string
  quarter: string
  hour: number | null
}

/** The tables, each with the columns that tell its cells apart besides basis and location, and their values. */
const TABLES: Record<string, { columns: string[]; of(fact: Fact, place: Place): unknown[] | null }> = {
  sales_daily: { columns: ['day'], of: (_, { day }) => [day] },
  sales_monthly: { columns: ['month'], of: (_, { month }) => [month] },
  // A sale without a time has no hour to count in.
  sales_hourly: { columns: ['day', 'hour'], of: (_, { day, hour }) => (hour === null ? null : [day, hour]) },
  staff_hourly: {
    columns: ['day', 'hour', 'employee_id', 'order_type', 'is_discounted'],
    of: (fact, { day, hour }) => [day, hour, fact.employeeId, fact.orderType, fact.isDiscounted],
  },
  staff_hourly_monthly: {
    columns: ['month', 'hour', 'employee_id', 'order_type', 'is_discounted'],
    of: (fact, { month, hour }) => [month, hour, fact.employeeId, fact.orderType, fact.isDiscounted],
  },
  staff_daily: {
    columns: ['day', 'employee_id', 'order_type', 'is_discounted'],
    of: (fact, { day }) => [day, fact.employeeId, fact.orderType, fact.isDiscounted],
  },
  city_daily: { columns: ['day', 'city'], of: ({ city }, { day }) => [day, city] },
  customer_daily: { columns: ['day', 'customer_id'], of: ({ customerId }, { day }) => [day, customerId] },
  customer_monthly: { columns: ['month', 'customer_id'], of: ({ customerId }, { month }) => [month, customerId] },
  customer_quarterly: {
    columns: ['quarter', 'customer_id'],
    of: ({ customerId }, { quarter }) => [quarter, customerId],
  },
}

/** Compares the sums of sales, cell by cell, with those of the raw rows. */
export async function checkSums(world: World, raw: RawRows): Promise<void> {
  const facts = factsOf(raw)
  for (const [table, { columns, of }] of Object.entries(TABLES)) {
    const cells = new Map<string, Sums>()
    for (const fact of facts) {
      const zone = raw.locations.find(({ id }) => id === fact.locationId)?.timezone
      // A location with the clock of its business has no sums of its own.
      for (const basis of zone === raw.business.timezone ? ['business'] : ['business', 'location']) {
        const key = of(fact, placeOf(fact, raw, basis))
        if (key !== null) add(cells, [basis, fact.locationId, ...key].join(' '), fact)
      }
    }
    expect(await keptCells(world, table, columns), table).toEqual(
      [...cells].flatMap(([key, sums]) => lineOf(key, sums)).toSorted(),
    )
  }
}

function factsOf(raw: RawRows): Fact[] {
  const orders = raw.orders.map((order) => {
    const lines = raw.items.filter(({ order_id }) => order_id === order.id)
    const by = {
      employeeId: order.sold_by,
      orderType: order.order_type,
      isDiscounted: lines.some(({ quantity, discount }) => Number(quantity) > 0 && Number(discount) > 0),
      customerId: order.customer_id,
      city: raw.customers.find(({ id }) => id === order.customer_id)?.city?.trim() ?? '',
    }
    return { order, lines, by }
  })
  const sales = orders.flatMap(({ order, lines, by }) => {
    if (order.status !== 'completed' || order.completed_at === null) return []
    const net = ({ gross_sales, discount }: (typeof lines)[number]) => new Decimal(gross_sales).minus(discount)
    const costed = lines.filter(({ unit_cost }) => unit_cost !== null)
    const returns = lines.filter(({ quantity }) => Number(quantity) < 0)
    const place = { at: order.completed_at, hasTime: order.has_time, locationId: order.location_id }
    return {
      ...{ ...by, ...place },
      orders: new Decimal(lines.length > 0 && lines.length === returns.length ? 0 : 1),
      refunds: new Decimal(returns.length > 0 ? 1 : 0),
      netSales: Decimal.sum(0, ...lines.map(net)),
      costedNetSales: Decimal.sum(0, ...costed.map(net)),
      cost: Decimal.sum(0, ...costed.map(({ quantity, unit_cost }) => costOf(quantity, unit_cost))),
      tips: new Decimal(order.tips),
    }
  })
  const refunds = raw.refunds.flatMap((refund) => {
    const by = orders.find(({ order }) => order.id === refund.order_id)?.by
    if (by === undefined) throw new Error('a refund without its order')
    const lines = raw.refundLines.filter(({ refund_id }) => refund_id === refund.id)
    const costed = lines.filter(({ unit_cost }) => unit_cost !== null)
    const restocked = costed.filter((line) => line.restocked)
    const sum = (of: readonly { returns: string }[]) => Decimal.sum(0, ...of.map(({ returns }) => returns)).negated()
    return {
      ...{ ...by, at: refund.refunded_at, hasTime: refund.has_time, locationId: refund.location_id },
      orders: new Decimal(0),
      refunds: new Decimal(1),
      netSales: sum(lines),
      costedNetSales: sum(costed),
      cost: Decimal.sum(0, ...restocked.map(({ quantity, unit_cost }) => costOf(quantity, unit_cost))).negated(),
      tips: new Decimal(refund.tips).negated(),
    }
  })
  return [...sales, ...refunds]
}

function costOf(quantity: string, unitCost: string | null): Decimal {
  return new Decimal(quantity).times(unitCost ?? 0).toDecimalPlaces(4, Decimal.ROUND_HALF_UP)
}

function placeOf({ at, hasTime, locationId }: Fact, { business, locations }: RawRows, basis: string): Place {
  const location = locations.find(({ id }) => id === locationId)
  const { date, time } = localTime(at, (basis === 'location' ? location : undefined)?.timezone ?? business.timezone)
  return {
    locationId,
    day: date,
    month: `${date.slice(0, 7)}-01`,
    quarter: quarterOf(date),
    hour: hasTime ? time.hour : null,
  }
}

/** The first day of its quarter. */
function quarterOf(date: string): string {
  const month = Number(date.slice(5, 7))
  return `${date.slice(0, 4)}-${String(month - ((month - 1) % 3)).padStart(2, '0')}-01`
}

function add(cells: Map<string, Sums>, key: string, fact: Sums): void {
  const before = cells.get(key)
  const sums = MEASURES.map((measure) => [measure, fact[measure].plus(before?.[measure] ?? 0)])
  cells.set(key, Object.fromEntries(sums) as Sums)
}

/** A cell as text; none if it is empty. */
function lineOf(key: string, sums: Sums): string[] {
  const values = MEASURES.map((measure) => sums[measure].toFixed())
  return values.every((value) => Number(value) === 0) ? [] : [`${key}: ${values.join(' ')}`]
}

async function keptCells(world: World, table: string, columns: readonly string[]): Promise<string[]> {
  const rows = await world.service.db.asOwner<Record<string, string>>(
    `select concat_ws(' ', basis, location_id, ${columns.map((name) => `coalesce(${cast(name)}, '')`).join(', ')}) as key,
       orders, refunds, net_sales as "netSales", costed_net_sales as "costedNetSales", cost, tips
     from ${table} where business_id = $1`,
    [world.shop.id],
  )
  return rows
    .flatMap((row) =>
      lineOf(
        row.key as string,
        Object.fromEntries(MEASURES.map((name) => [name, new Decimal(row[name] as string)])) as Sums,
      ),
    )
    .toSorted()
}

function cast(column: string): string {
  // As JavaScript writes it.
  return column === 'is_discounted' ? "case when is_discounted then 'true' else 'false' end" : `${column}::text`
}
