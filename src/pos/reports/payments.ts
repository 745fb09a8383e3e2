import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import type { SalesScope } from '../scope.ts'
import { rollupRows } from './rollups.ts'

/** Sums as the database gives them, tax and tips included: decimal strings. */
export interface PaymentSums {
  payments: string
  amount: string
  refunds: string
  refunded: string
}

export interface MethodSums extends PaymentSums {
  method: string
}

const sums = sql`coalesce(sum(r.payments), 0)::text as payments, coalesce(sum(r.amount), 0)::text as amount,
  coalesce(sum(r.refunds), 0)::text as refunds, coalesce(sum(r.refunded), 0)::text as refunded`

/**
 * What was paid and given back by each payment method on the local days of a window, the largest amounts first, from
 * the rollups. A payment counts on the day on which its order is completed, a refund on its own.
 */
export async function paymentsByMethod(
  db: Transaction,
  scope: SalesScope,
  days: Days,
  limit: number,
): Promise<MethodSums[]> {
  const { rows } = await sql<MethodSums>`
    select r.method, ${sums} from payment_daily r
    where ${rollupRows('r', scope, days)}
    group by r.method having sum(r.payments) <> 0 or sum(r.refunds) <> 0
    order by sum(r.amount) desc, r.method limit ${limit}`.execute(db)
  return rows
}

/** The sums over all payment methods of a window, and how many there are. */
export async function paymentsTotal(
  db: Transaction,
  scope: SalesScope,
  days: Days,
): Promise<PaymentSums & { methods: number }> {
  const { rows } = await sql<PaymentSums & { methods: number }>`
    select ${sums}, count(distinct r.method) filter (where r.payments <> 0 or r.refunds <> 0)::int as methods
    from payment_daily r where ${rollupRows('r', scope, days)}`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('an aggregate has no row')
  return row
}
