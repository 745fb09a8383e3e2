import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import { clean } from '../results/text.ts'

const KNOWN = {
  payment_method: { table: 'payment_daily', column: 'method' },
  order_type: { table: 'staff_daily', column: 'order_type' },
}

/**
 * A payment method or order type of sales, in any case.
 * @param argument name of the argument with it, for the error
 * @throws ServiceError `invalid_argument` with those that there are
 */
export async function knownOf(
  db: Transaction,
  businessId: string,
  kind: keyof typeof KNOWN,
  asked: string,
  argument: string = kind,
) {
  const { table, column } = KNOWN[kind]
  const values = sql`select r.value from (
    select ${sql.ref(column)} as value, business_id, basis from ${sql.table(table)}) r
    where r.business_id = ${businessId} and r.basis = 'business'`
  const found = await sql<{ value: string }>`
    ${values} and lower(r.value) = lower(${asked.trim()}) limit 1`.execute(db)
  if (found.rows[0] !== undefined) return found.rows[0].value
  const { rows } = await sql<{ value: string }>`select distinct value from (${values}) v order by 1 limit 20`.execute(
    db,
  )
  const choices = rows.map(({ value }) => clean(value, 40))
  throw new ServiceError(
    'invalid_argument',
    choices.length === 0
      ? `${argument}: there are no sales yet.`
      : `${argument} must be one of: ${choices.join(', ')}.`,
  )
}
