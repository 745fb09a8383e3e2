import { amountOf, type Currency, Decimal, formatAmount } from '../../money/money.ts'
import type { Sums } from './measures.ts'
import type { Report } from './report.ts'

/** How one can check a report: the orders behind it, a call that lists them, and how it agrees with what was paid. */
export function basisOf(report: Report, currency: Currency) {
  const { plan, totals, paid } = report
  const sums = totals.sums[0] as Sums
  const orders = plan.sums.includes('orders') ? Number(sums.orders) : undefined
  const call = listCall(report)
  const reconciliation = paid === null ? undefined : reconcile(sums, paid, currency)
  const definition =
    'A sale counts on the local day of its completion, a refund on its own day; open and cancelled orders never.'
  const listed = call === undefined ? '' : ` list_orders ${JSON.stringify(call.arguments)} lists them.`
  return {
    data: {
      definition,
      ...(orders === undefined ? {} : { orders }),
      ...(call === undefined ? {} : { call }),
      ...(reconciliation === undefined ? {} : { reconciliation }),
    },
    text: [
      `Basis: ${definition}${orders === undefined ? '' : ` ${orders} orders.`}${listed}`,
      ...(reconciliation === undefined ? [] : [reconciliation]),
    ].join('\n'),
  }
}

/** The orders of a report as a call; undefined where list_orders cannot be asked the same. */
function listCall({ window, place, filters }: Report) {
  const { category, product, client, employee, paymentMethod, orderType, discounted, hours, weekdays, amount } = filters
  const { city, taxRate } = filters
  if ([category, city, taxRate, orderType, hours, weekdays].some((filter) => filter !== undefined)) return undefined
  const given = {
    from: window.from,
    to: window.to,
    status: 'completed',
    locationId: place.location?.name,
    product: product?.ref,
    clientId: client?.ref,
    employee: employee?.ref,
    paymentMethod,
    discounted,
    minTotal: amount?.from,
    maxTotal: amount?.to,
  }
  return {
    tool: 'list_orders',
    arguments: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
}

/** Net sales, tax and tips beside what was paid and paid back. */
function reconcile(sums: Sums, paid: { amount: string; refunded: string }, currency: Currency): string {
  const total = new Decimal(sums.net_sales ?? 0).plus(sums.tax ?? 0).plus(sums.tips ?? 0)
  const difference = total.minus(new Decimal(paid.amount).minus(paid.refunded))
  const say = (value: Decimal.Value) => formatAmount(amountOf(value, currency), currency.currency)
  const why = difference.isZero()
    ? ''
    : difference.isPositive()
      ? ': sales without a known payment'
      : ': more was paid than sold, or the change given is not on file'
  return (
    `Net ${say(sums.net_sales ?? 0)} + tax ${say(sums.tax ?? 0)} + tips ${say(sums.tips ?? 0)} = total ${say(total)}; ` +
    `paid ${say(paid.amount)} − paid back ${say(paid.refunded)}; difference ${say(difference)}${why}.`
  )
}
