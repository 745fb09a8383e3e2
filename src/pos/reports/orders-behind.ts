import type { Days } from '../../time/window.ts'
import type { OrderFilter } from '../orders/order-filter.ts'
import type { Place } from '../organisation/locations.ts'
import type { Filters } from './filters.ts'

interface Asked {
  window: Days
  place: Place
  filters: Filters
}

/** The same orders for list_orders: as the arguments of a call, and as its filter; null where it cannot be asked. */
function sameOrders({ window, place, filters }: Asked) {
  const { category, product, client, employee, paymentMethod, orderType, discounted, hours, weekdays, amount } = filters
  const { supplier, city, taxRate } = filters
  if ([category, supplier, city, taxRate, orderType, hours, weekdays].some((filter) => filter !== undefined))
    return null
  // It finds single variants, and no orders without a payment.
  if (product?.variantId === null || paymentMethod === null) return null
  return {
    call: {
      from: window.from,
      to: window.to,
      status: 'completed',
      locationId: place.location?.name,
      product: product?.ref,
      clientId: client === null ? 'none' : client?.ref,
      employee: employee === null ? 'none' : employee?.ref,
      paymentMethod,
      discounted,
      minTotal: amount?.from,
      maxTotal: amount?.to,
    },
    filter: {
      days: { from: window.from, to: window.to, timezone: place.timezone },
      status: 'completed',
      locationId: place.location?.id,
      variantId: product?.variantId,
      clientId: client === null ? null : client?.id,
      employeeId: employee === null ? null : employee?.id,
      paymentMethod,
      isDiscounted: discounted,
      minTotal: amount?.from,
      maxTotal: amount?.to,
    } satisfies OrderFilter,
  }
}

/** The orders behind a question as list_orders finds them; null where it cannot be asked the same. */
export function ordersBehind(question: Asked): OrderFilter | null {
  return sameOrders(question)?.filter ?? null
}

/** A call of list_orders that lists the orders behind a question; undefined where it cannot be asked the same. */
export function listCall(question: Asked) {
  const call = sameOrders(question)?.call
  if (call === undefined) return undefined
  return {
    tool: 'list_orders',
    arguments: Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined)),
  }
}
