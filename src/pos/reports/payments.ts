import { type ExpressionBuilder, sql } from 'kysely'
import { compileOnce } from '../../database/compiled.ts'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import { formatAmount } from '../../money/money.ts'
import type { Days } from '../../time/window.ts'
import { rollupRows } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'

const SUMS = ['payments', 'amount', 'refunds', 'refunded'] as const

/** Sums from the database, including tax and tips: decimal strings. */
export type PaymentSums = Record<(typeof SUMS)[number], string>

const sums = ({ fn }: ExpressionBuilder<{ r: DB['payment_daily'] }, 'r'>) =>
  SUMS.map((name) => fn.coalesce(fn.sum<string>(`r.${name}`), sql.lit('0')).as(name))

/**
 * What was paid and paid back by each payment method on the local days of a window, largest amounts first, from the
 * rollups. A payment counts on the day that its order is completed, a refund on its own day.
 */
export const paymentsByMethod = compileOnce(
  (db, { businessId, locationId, basis, from, to, limit }: SalesScope & Days & { limit: number }) =>
    db
      .selectFrom('payment_daily as r')
      .select('r.method')
      .select(sums)
      .where(rollupRows('r', { businessId, locationId, basis }, { from, to }))
      .groupBy('r.method')
      .having(({ eb, fn, or }) => or([eb(fn.sum('r.payments'), '<>', 0), eb(fn.sum('r.refunds'), '<>', 0)]))
      .orderBy(({ fn }) => fn.sum('r.amount'), 'desc')
      .orderBy('r.method')
      .limit(limit),
)

/** The sums over all payment methods of a window, and the number of methods. */
export async function paymentsTotal(
  db: Transaction,
  scope: SalesScope,
  days: Days,
): Promise<PaymentSums & { methods: number }> {
  const [total] = await addedUp(db, { ...scope, ...days })
  return total ?? { payments: '0', amount: '0', refunds: '0', refunded: '0', methods: 0 }
}

const addedUp = compileOnce((db, { businessId, locationId, basis, from, to }: SalesScope & Days) =>
  db
    .selectFrom('payment_daily as r')
    .select(sums)
    .select(({ cast, fn }) =>
      cast<number>(
        fn
          .count('r.method')
          .distinct()
          .filterWhere(({ eb, or }) => or([eb('r.payments', '<>', '0'), eb('r.refunds', '<>', '0')])),
        'integer',
      ).as('methods'),
    )
    .where(rollupRows('r', { businessId, locationId, basis }, { from, to })),
)

/** Sales that have no payment on file, or less than they come to; or the other way round. */
export function describeMissing(amount: string, currency: string): string {
  return amount.startsWith('-')
    ? `Paid ${formatAmount(amount.slice(1), currency)} more than was sold: change given back is not on file.`
    : `Sales of ${formatAmount(amount, currency)} have no known payment method.`
}
