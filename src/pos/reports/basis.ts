import { amountOf, type Currency, Decimal, formatAmount } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import type { Sums } from './measures.ts'
import { listCall } from './orders-behind.ts'
import type { Question, Report } from './report.ts'

/** How one can check a report: the orders behind it, a call that lists them, and how it agrees with what was paid. */
export function basisOf(
  report: Pick<Report, keyof Question | 'plan' | 'totals' | 'all' | 'listed'>,
  currency: Currency,
) {
  const { plan, totals, all, listed } = report
  const sums = totals.sums[0] as Sums
  // The sums of a business say it more cheaply, but do not count tickets that only take goods back.
  const sold = all?.orders ?? (plan.sums.includes('orders') ? sums.orders : undefined)
  const orders = listed ?? (sold === undefined ? undefined : Number(sold))
  const onlyBack = listed === null || sold === undefined ? 0 : listed - Number(sold)
  const call = listCall(report)
  const reconciliation = all === null ? undefined : reconcile(all, currency)
  const definition =
    'A sale counts on the local day of its completion, a refund on its own day; open and cancelled orders never.'
  const back = onlyBack > 0 ? `, of which ${onlyBack} only took goods back` : ''
  const lists = call === undefined ? '' : ` list_orders ${JSON.stringify(call.arguments)} lists them.`
  return {
    data: {
      definition,
      ...(orders === undefined ? {} : { orders }),
      ...(onlyBack > 0 ? { onlyBack } : {}),
      ...(call === undefined ? {} : { call }),
      ...(reconciliation === undefined ? {} : { reconciliation }),
    },
    text: [
      `Basis: ${definition}${orders === undefined ? '' : ` ${counted(orders, 'order')}${back}.`}${lists}`,
      ...(reconciliation === undefined ? [] : [reconciliation]),
    ].join('\n'),
  }
}

/** Net sales, tax and tips beside what was paid and paid back. */
function reconcile({ paid, ...sums }: NonNullable<Report['all']>, currency: Currency): string {
  const total = new Decimal(sums.net_sales).plus(sums.tax).plus(sums.tips)
  const difference = total.minus(new Decimal(paid.amount).minus(paid.refunded))
  const say = (value: Decimal.Value) => formatAmount(amountOf(value, currency), currency.currency)
  const why = difference.isZero()
    ? ''
    : difference.isPositive()
      ? ': sales without a known payment'
      : ': more was paid than sold, or the change given is not on file'
  return (
    `Net ${say(sums.net_sales)} + tax ${say(sums.tax)} + tips ${say(sums.tips)} = total ${say(total)}; ` +
    `paid ${say(paid.amount)} − paid back ${say(paid.refunded)}; difference ${say(difference)}${why}.`
  )
}
