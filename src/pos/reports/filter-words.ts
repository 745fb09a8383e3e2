import { Decimal, formatAmount, quantity } from '../../money/money.ts'
import { clean } from '../../results/text.ts'
import { type Filters, hourRange, weekdayList } from './filters.ts'

/** Filters in words, each of which follows a window: `of Café y té`, `17:00–20:00`. */
export function describeFilters(filters: Filters, currency: string): string[] {
  const {
    category,
    supplier,
    product,
    client,
    employee,
    paymentMethod,
    orderType,
    discounted,
    hours,
    weekdays,
    amount,
  } = filters
  const { city, taxRate } = filters
  return [
    product && `of ${product.name}`,
    category === null ? 'of no category' : category && `of ${category.name}`,
    supplier === null ? 'of no known supplier' : supplier && `supplied by ${supplier.name}`,
    client === null ? 'without a client' : client && `of client ${client.name}`,
    city === null ? 'without a client or of clients without a city' : city && `of clients in ${clean(city, 40)}`,
    taxRate === null
      ? 'of which no tax rate is stated'
      : taxRate && `taxed at ${quantity(new Decimal(taxRate).times(100))} %`,
    employee === null ? 'sold by nobody known' : employee && `sold by ${employee.name}`,
    paymentMethod === null ? 'with no known payment' : paymentMethod && `paid by ${clean(paymentMethod, 40)}`,
    orderType && `of type ${clean(orderType, 40)}`,
    discounted === undefined ? undefined : discounted ? 'of orders with a discount' : 'of orders without a discount',
    weekdays && `on ${weekdayList(weekdays)}`,
    hours && hourRange(hours),
    amount && `of orders ${amountRange(amount, currency)}`,
  ].filter((words) => words !== undefined)
}

function amountRange({ from, to }: { from?: string; to?: string }, currency: string): string {
  const [least, most] = [from, to].map((value) => value && formatAmount(value, currency))
  if (to === undefined) return `from ${least} on`
  return from === undefined ? `up to ${most}` : `from ${least} to ${most}`
}
