import type { AuthorizedBusiness, Principal } from '../../auth/principal.ts'
import { beyondLimit, limitsIn, refundLimit } from '../../auth/role-limits.ts'
import { amountOf, Decimal, formatAmount, money } from '../../money/money.ts'
import { clean } from '../../results/text.ts'
import { localDate } from '../../time/local.ts'
import type { SaleLine } from './order-pricing.ts'
import type { LockedOrder } from './order-writing.ts'
import type { Employee } from './staff.ts'

// What a role may do at the till only so far; the limits are in src/auth/role-limits.ts.

interface Caller {
  business: AuthorizedBusiness
  principal: Principal
  now: Date
}

/** @throws ServiceError `role_not_allowed` for a price too far below the list, or too much discount */
export function requirePrices({ business, principal }: Caller, lines: readonly SaleLine[]): void {
  const limits = limitsIn(principal, business)
  if (limits === null) return
  const { belowListPercent, discountPercent } = limits
  lines.forEach(({ variant, unitPrice }, index) => {
    const lowest = new Decimal(variant.price).times(100 - belowListPercent).div(100)
    if (unitPrice.gte(lowest)) return
    const list = formatAmount(money(variant.price, business).amount, business.currency)
    const most = belowListPercent === 0 ? 'no price below the list' : `at most ${belowListPercent} % below the list`
    throw beyondLimit(`items.${index}.unitPrice`, `${most} (${clean(variant.sku, 60)}: ${list})`, business)
  })
  const gross = Decimal.sum(0, ...lines.map(({ grossSales }) => grossSales))
  const discounts = Decimal.sum(0, ...lines.map(({ discount }) => discount))
  if (discounts.times(100).lte(gross.times(discountPercent))) return
  throw beyondLimit('items.discount', `discounts of at most ${discountPercent} % of an order`, business)
}

/** @throws ServiceError `role_not_allowed` for the refund of a sale of another day, or of too much of it */
export function requireRefundable(
  { business, principal, now }: Caller,
  order: LockedOrder,
  /** What was left of the order before the refund, and what is asked for, with tax and tips. */
  { before, total }: { before: Decimal; total: Decimal },
): void {
  const limits = limitsIn(principal, business)
  if (limits === null) return
  const most = new Decimal(refundLimit(limits, business.currency))
  const rule = `refunds of at most ${formatAmount(amountOf(most, business), business.currency)} of an order, on the day of its sale`
  const refunded = Decimal.max(0, new Decimal(order.total).minus(before))
  if (isOfToday(order.completed_at ?? order.opened_at, order, now) && refunded.plus(total).lte(most)) return
  throw beyondLimit('order', rule, business)
}

/** @throws ServiceError `role_not_allowed` for an order of somebody else or of another day */
export function requireOwnOfToday(
  { business, principal, now }: Caller,
  order: LockedOrder,
  employee: Employee | null,
): void {
  if (!limitsIn(principal, business)?.cancelsOwnOnly) return
  const isOwn = order.created_by === principal.ref || (employee !== null && order.sold_by === employee.id)
  if (isOwn && isOfToday(order.completed_at ?? order.opened_at, order, now)) return
  throw beyondLimit('order', 'only own orders can be cancelled, on their day,', business)
}

function isOfToday(at: Date, { timezone }: LockedOrder, now: Date): boolean {
  return localDate(at, timezone) === localDate(now, timezone)
}
