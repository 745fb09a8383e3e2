import type { Insertable } from 'kysely'
import type { OrderItem, OrderPayment, OrderRefund, OrderRefundLine, Orders } from '../../src/database/types.ts'
import { Decimal } from '../../src/money/money.ts'
import { type LineAmounts, lineAmounts } from '../../src/pos/orders/line-amounts.ts'
import { type Calendar, isWithin, type LocalDay, type Window } from './calendar.ts'
import { isBought, percentOf, type SoldVariant } from './catalogue.ts'
import { type Regular, visitors } from './customers.ts'
import type { DemoLocation } from './directory.ts'
import { createStaff } from './employees.ts'
import { createRandom, type Random, stableId, type Weighted } from './random.ts'
import type { Shop } from './shops.ts'

/** An order with its lines, payments and refunds, as far as they fall into the window. */
export interface Sale {
  /** Whether the order itself falls into the window, and not only its refund. */
  isNew: boolean
  order: Insertable<Orders>
  items: Insertable<OrderItem>[]
  payments: Insertable<OrderPayment>[]
  refund: Refund | null
}

interface Refund {
  refund: Insertable<OrderRefund>
  lines: Insertable<OrderRefundLine>[]
}

/** The times of a sale, computed cheaply so that most of the past can be skipped. */
interface Plan {
  random: Random
  day: LocalDay
  number: string
  type: string
  status: 'open' | 'cancelled' | 'completed'
  openedAt: Date
  /** When the order got its status. */
  at: Date
  refundDay: LocalDay | null
  refundedAt: Date | null
}

/** Marks the rows of the demo, which also shows up to when its history has been written. */
export const CREATED_BY = 'demo'

/** The longest time from a sale to its refund, in days. */
export const REFUND_DAYS = 9

const QUANTITIES: Weighted<string> = [
  ['1', 78],
  ['2', 15],
  ['3', 5],
  ['4', 2],
]
const WEIGHTS = ['0.5', '0.75', '1', '1.25', '1.5', '2', '2.35']

/** Generates a location's sales within a window, day by day. Each day depends only on itself. */
export function createTill(
  shop: Shop,
  calendar: Calendar,
  location: DemoLocation,
  variants: readonly SoldVariant[],
  people: readonly Regular[],
  window: Window,
  scale: number,
): (day: LocalDay) => Sale[] {
  const { business } = shop
  const locationIndex = business.locations.indexOf(location)
  const amountsOf = createLineAmounts(business.pricesIncludeTax)
  const demand = createDemand(location, variants)
  const staff = createStaff(business, location)

  return function salesOf(day: LocalDay): Sale[] {
    const random = createRandom(`${location.id}/${day.date}`)
    const count = orderCount(shop, location, day, scale, random)
    const choose = demand(day)
    const openings = Array.from({ length: count }, () => openingSecond(shop, random)).toSorted((a, b) => a - b)
    const customers = seat(visitors(people, day, locationIndex), count, random)
    const parked = random.chance(shop.parkChance) ? random.int(0, count) : -1
    return openings.flatMap((second, index) => {
      const plan = planSale(day, index, second, index === parked)
      const isNew = isWithin(plan.at, window)
      const isRefundedNow = plan.refundedAt !== null && isWithin(plan.refundedAt, window)
      return isNew || isRefundedNow ? [makeSale(plan, isNew, isRefundedNow, customers.get(index), choose)] : []
    })
  }

  function planSale(day: LocalDay, index: number, second: number, isParked: boolean): Plan {
    const number = `${location.code}-${day.date.replaceAll('-', '').slice(2)}-${String(index + 1).padStart(4, '0')}`
    const random = createRandom(`${business.id}/${number}`)
    const type = random.weighted(shop.orderTypes)
    const status = isParked ? 'open' : random.chance(shop.cancelChance) ? 'cancelled' : 'completed'
    const seconds = status === 'open' ? 0 : type === 'dine_in' ? random.int(600, 2700) : random.int(40, 600)
    const isRefunded = status === 'completed' && random.chance(shop.refundChance)
    const refundDay = isRefunded ? calendar.day(day.index + random.int(1, REFUND_DAYS)) : null
    return {
      random,
      day,
      number,
      type,
      status,
      openedAt: day.at(second),
      at: day.at(second + seconds),
      refundDay,
      refundedAt: refundDay?.at(openingSecond(shop, random)) ?? null,
    }
  }

  function makeSale(
    { random, day, number, type, status, openedAt, at, refundDay, refundedAt }: Plan,
    isNew: boolean,
    isRefundedNow: boolean,
    customer: Regular | undefined,
    choose: (random: Random) => SoldVariant,
  ): Sale {
    const orderId = stableId(business.id, 'order', number)
    const items = makeItems(orderId, choose, random)
    const net = items.reduce((sum, item) => sum.plus(item.gross_sales).minus(item.discount ?? 0), new Decimal(0))
    const tax = items.reduce((sum, item) => sum.plus(item.tax ?? 0), new Decimal(0))
    const completed = status === 'completed'
    const doers = staff.doersOf(orderId, day, hourOf(day, openedAt), {
      discounted: items.some((item) => Number(item.discount) > 0),
      cancelled: status === 'cancelled',
    })
    const tips = completed ? tip(shop, net, random) : new Decimal(0)
    const payments = completed ? makePayments(orderId, net.plus(tax).plus(tips), at, random) : []
    const order: Insertable<Orders> = {
      business_id: business.id,
      id: orderId,
      order_number: number,
      location_id: location.id,
      customer_id: customer?.id ?? null,
      status,
      order_type: type,
      opened_at: openedAt,
      completed_at: completed ? at : null,
      cancelled_at: status === 'cancelled' ? at : null,
      cancel_reason: status === 'cancelled' ? random.pick(shop.words.cancel) : null,
      note: status === 'open' ? random.pick(shop.words.parked) : null,
      created_by: CREATED_BY,
      ...doers,
      tips: tips.toFixed(2),
      created_at: at,
      updated_at: at,
    }
    const method = payments[0]?.method
    const refund =
      isRefundedNow && refundDay && refundedAt && method !== undefined
        ? makeRefund(refundDay, refundedAt, orderId, method, tips, items, random)
        : null
    return { isNew, order, items, payments, refund }
  }

  function makeItems(
    orderId: string,
    choose: (random: Random) => SoldVariant,
    random: Random,
  ): Insertable<OrderItem>[] {
    const chosen = new Set<SoldVariant>()
    for (let left = random.weighted(shop.linesPerOrder); left > 0; left--) chosen.add(choose(random))
    return [...chosen].map((variant, index) => {
      const quantity = variant.byWeight ? random.pick(WEIGHTS) : random.weighted(QUANTITIES)
      const { grossSales, discount, tax } = amountsOf(variant, quantity, random.weighted(shop.discounts))
      return {
        business_id: business.id,
        order_id: orderId,
        line_number: index + 1,
        product_id: variant.productId,
        variant_id: variant.id,
        name: variant.name,
        quantity,
        unit_price: variant.price,
        tax_rate: variant.taxRate,
        tax_included: business.pricesIncludeTax,
        gross_sales: grossSales,
        discount,
        tax,
        unit_cost: variant.cost,
      }
    })
  }

  function makePayments(orderId: string, total: Decimal, at: Date, random: Random): Insertable<OrderPayment>[] {
    if (total.isZero()) return []
    const method = random.weighted(shop.paymentMethods)
    const inCash = random.chance(0.03) ? total.div(2).floor() : new Decimal(0)
    const parts: [string, Decimal][] = inCash.isZero()
      ? [[method, total]]
      : [
          ['cash', inCash],
          [method === 'cash' ? 'card' : method, total.minus(inCash)],
        ]
    return parts.map(([method, amount], index) => ({
      business_id: business.id,
      order_id: orderId,
      payment_number: index + 1,
      method,
      amount: amount.toFixed(2),
      reference: method === 'cash' ? null : String(random.int(100_000, 999_999)),
      paid_at: at,
    }))
  }

  function makeRefund(
    day: LocalDay,
    at: Date,
    orderId: string,
    method: string,
    tips: Decimal,
    items: readonly Insertable<OrderItem>[],
    random: Random,
  ): Refund {
    const refundId = stableId(orderId, 'refund')
    const isWhole = random.chance(0.45)
    // A comp brought in no money, so there is none to give back.
    const paid = items.filter((item) => !new Decimal(item.gross_sales).equals(item.discount ?? 0))
    const returned = isWhole ? items : [random.pick(paid)]
    return {
      refund: {
        business_id: business.id,
        id: refundId,
        order_id: orderId,
        location_id: location.id,
        refunded_at: at,
        reason: random.pick(shop.words.refund),
        method,
        created_by: CREATED_BY,
        refunded_by: staff.refunderOf(orderId, day, hourOf(day, at)),
        tips: isWhole ? tips.toFixed(2) : '0',
        created_at: at,
      },
      lines: returned.map((item) => {
        const quantity = isWhole || random.chance(0.5) ? new Decimal(item.quantity) : Decimal.min(item.quantity, 1)
        const part = (amount: Decimal) => amount.times(quantity).div(item.quantity).toDecimalPlaces(2).toFixed(2)
        return {
          business_id: business.id,
          refund_id: refundId,
          order_id: orderId,
          line_number: item.line_number,
          product_id: item.product_id,
          variant_id: item.variant_id,
          quantity: quantity.toFixed(),
          returns: part(new Decimal(item.gross_sales).minus(item.discount ?? 0)),
          tax: part(new Decimal(item.tax ?? 0)),
          unit_cost: item.unit_cost ?? null,
          restocked: random.chance(0.6),
        }
      }),
    }
  }
}

/** The number of orders of a day, from weekday, season, growth and some luck. */
function orderCount(shop: Shop, location: DemoLocation, day: LocalDay, scale: number, random: Random): number {
  const luck = 0.7 + 0.3 * (random.next() + random.next())
  const growth = 1 + (shop.yearlyGrowth * day.index) / 365
  const rhythm = (shop.weekdays[day.weekday - 1] ?? 0) * (shop.months[day.month - 1] ?? 0)
  const expected = day.isHoliday
    ? 0
    : shop.ordersPerDay * location.share * scale * rhythm * Math.max(growth, 0.2) * luck
  return Math.floor(expected + random.next())
}

function hourOf(day: LocalDay, at: Date): number {
  return Math.floor((at.getTime() - day.at(0).getTime()) / 3_600_000)
}

function openingSecond(shop: Shop, random: Random): number {
  const hour = random.weighted(shop.hours.map((weight, index) => [shop.opensAt + index, weight] as const))
  return hour * 3600 + random.int(0, 3599)
}

/** Assigns customers to the orders of a day. */
function seat(customers: readonly Regular[], count: number, random: Random): Map<number, Regular> {
  const free = Array.from({ length: count }, (_, index) => index)
  const seats = new Map<number, Regular>()
  for (const customer of customers) {
    if (seats.size > count * 0.7) break
    const [order] = free.splice(random.int(0, free.length - 1), 1)
    if (order !== undefined) seats.set(order, customer)
  }
  return seats
}

/** The demand at a location: every product has better and worse months, and is more popular in some places. */
function createDemand(location: DemoLocation, variants: readonly SoldVariant[]) {
  const tastes = variants.map((variant) => {
    const random = createRandom(`${location.id}/${variant.sku}`)
    return {
      variant,
      weight: variant.weight * (0.6 + 0.8 * random.next()),
      period: random.int(80, 260),
      phase: random.int(0, 260),
    }
  })
  return (day: LocalDay): ((random: Random) => SoldVariant) => {
    let total = 0
    const offered = tastes
      .filter(({ variant }) => isBought(variant, day.index))
      .map(({ variant, weight, period, phase }) => {
        total += weight * (1 + 0.45 * Math.sin((2 * Math.PI * (day.index + phase)) / period))
        return { variant, upTo: total }
      })
    return (random) => {
      const at = random.next() * total
      let low = 0
      let high = offered.length - 1
      while (low < high) {
        const middle = (low + high) >> 1
        if ((offered[middle]?.upTo ?? 0) > at) high = middle
        else low = middle + 1
      }
      return offered[low]?.variant as SoldVariant
    }
  }
}

function tip(shop: Shop, net: Decimal, random: Random): Decimal {
  const { chance, percents } = shop.tips
  if (!random.chance(chance)) return new Decimal(0)
  return net.times(random.pick(percents)).div(100).toDecimalPlaces(2)
}

/** Amounts of a line by variant, quantity and percent off, computed once each, as few of them differ. */
function createLineAmounts(taxIncluded: boolean) {
  const known = new Map<string, LineAmounts>()
  return (variant: SoldVariant, quantity: string, percentOff: number): LineAmounts => {
    const key = `${variant.sku} ${quantity} ${percentOff}`
    let amounts = known.get(key)
    if (!amounts) {
      amounts = lineAmounts({
        quantity,
        unitPrice: variant.price,
        discount: percentOf(variant, quantity, percentOff),
        taxRate: variant.taxRate,
        taxIncluded,
        currencyDigits: 2,
      })
      known.set(key, amounts)
    }
    return amounts
  }
}
