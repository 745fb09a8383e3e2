import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import { isUuid } from '../../uuid.ts'
import { theOne } from '../references.ts'

const MAX_CHOICES = 20

/**
 * An employee by id, number or exact name, ignoring case and accents.
 * @throws ServiceError `invalid_argument` with the valid ones
 */
export async function employeeOf(db: Transaction, businessId: string, reference: string, argument = 'employee') {
  const text = reference.trim()
  const tier = isUuid(text)
    ? sql<number | null>`case when id = ${text} then 0 end`
    : sql<number | null>`case when number = ${text} then 0 when lower(number) = lower(${text}) then 1
        when search_text(name) = search_text(${text}) then 2 end`
  const all = await db
    .selectFrom('employee')
    .select(['id', 'number', 'name', tier.as('tier')])
    .where('business_id', '=', businessId)
    .orderBy('is_active', 'desc')
    .orderBy('name')
    .orderBy('id')
    .execute()
  const describe = ({ name, number }: { name: string; number: string }) =>
    `${JSON.stringify(clean(name, 40))} (${clean(number, 20)})`
  const meant = all.flatMap(({ tier, ...row }) => (tier === null ? [] : [{ ...row, tier }]))
  const found = theOne(meant, { argument, reference, describe })
  if (found !== undefined) return found
  const choices = all.slice(0, MAX_CHOICES).map(describe)
  throw new ServiceError(
    'invalid_argument',
    `${argument} must be one of this business: ${choices.join('; ') || 'there is none'}.`,
  )
}
