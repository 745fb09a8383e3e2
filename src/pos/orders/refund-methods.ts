import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { amountOf, type Currency, Decimal, formatAmount } from '../../money/money.ts'
import { clean } from '../../results/text.ts'

/** Money by one method: what was paid by it, or what goes back by it. */
export interface MethodAmount {
  method: string
  amount: Decimal
}

/** What of an order's payments has not gone back yet, by method, that of the largest payment first. */
export async function methodsLeft(db: Transaction, businessId: string, orderId: string): Promise<MethodAmount[]> {
  const { rows } = await sql<{ method: string; amount: string }>`
    select method, sum(paid) - sum(back) as amount
    from (
      select method, amount as paid, 0 as back
      from order_payment where business_id = ${businessId} and order_id = ${orderId}
      union all
      select method, 0, total from order_refund where business_id = ${businessId} and order_id = ${orderId}
      union all
      select m.method, 0, m.back
      from order_refund_payment p
      join order_refund r on r.business_id = p.business_id and r.id = p.refund_id
      cross join lateral (values (p.method, p.amount), (r.method, -p.amount)) m (method, back)
      where p.business_id = ${businessId} and p.order_id = ${orderId}
    ) moved
    group by method
    having sum(paid) > sum(back)
    order by sum(paid) desc, method`.execute(db)
  return rows.map(({ method, amount }) => ({ method, amount: new Decimal(amount) }))
}

/**
 * By which methods a refund goes back: by each up to what was paid by it, that of the largest payment first; or by the
 * one that the caller names, which also takes what no payment is known for.
 * @param left what is left to go back by each method
 * @param refundable what is left of the order
 * @throws ServiceError `invalid_argument` with what is left by each method
 */
export function methodsBack(
  total: Decimal,
  asked: string | undefined,
  { left, refundable }: { left: readonly MethodAmount[]; refundable: Decimal },
  currency: Currency,
): MethodAmount[] {
  const shown = (amount: Decimal) => formatAmount(amountOf(amount, currency), currency.currency)
  const known = Decimal.sum(0, ...left.map(({ amount }) => amount))
  const unknown = Decimal.max(0, refundable.minus(known))
  if (asked !== undefined) {
    const same = left.find(({ method }) => method.toLowerCase() === asked.toLowerCase())
    const most = unknown.plus(same?.amount ?? 0)
    if (total.lte(most)) return [{ method: same?.method ?? asked, amount: total }]
    const parts = left.map(({ method, amount }) => `${clean(method, 40)} ${shown(amount)}`)
    if (!unknown.isZero()) parts.push(`${shown(unknown)} by any`)
    throw new ServiceError(
      'invalid_argument',
      `method: ${shown(total)} is more than what was paid by it. Left to go back: ${parts.join(', ')}.`,
      { hint: 'Leave method out: each part then goes back as it was paid.' },
    )
  }
  if (total.isZero()) return [{ method: left[0]?.method ?? 'cash', amount: total }]
  if (total.gt(known)) {
    const what = known.isZero() ? 'no payment of the order is known' : `only ${shown(known)} of its payments is known`
    throw new ServiceError('invalid_argument', `method: name how ${shown(total)} goes back, because ${what}.`, {
      hint: 'Ask the person, then repeat the call with method: cash, card, …',
    })
  }
  let rest = total
  return left.flatMap(({ method, amount }) => {
    const part = Decimal.min(rest, amount)
    rest = rest.minus(part)
    return part.isZero() ? [] : [{ method, amount: part }]
  })
}
