import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { searchPattern } from '../conditions.ts'
import { quoted } from '../references.ts'
import { personName } from './text.ts'

const MAX_NAMED = 10

/**
 * Refuses a part of a name that nobody of the business has, who then is not somebody without work. For lists that found
 * nothing.
 * @param argument name of the argument with the part, for the error
 * @throws ServiceError `not_found` that names those who have steps
 */
export async function requirePerson(db: Transaction, businessId: string, argument: string, part: string) {
  const name = sql<string>`search_text(concat_ws(' ', u.display_name, u.email))`
  const people = await db
    .selectFrom('business_user as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .select(['u.display_name', 'u.email', sql<boolean>`${name} like ${searchPattern(part)}`.as('is_meant')])
    .select(
      sql<boolean>`exists (select from psa_step s where s.business_id = ${businessId} and s.assignee_id = u.id)`.as(
        'has_steps',
      ),
    )
    .where('m.business_id', '=', businessId)
    .orderBy('u.display_name')
    .execute()
  if (people.some(({ is_meant }) => is_meant)) return
  const known = people.filter(({ has_steps }) => has_steps).map(personName)
  const choices = known.length === 0 ? 'no one has steps' : `steps are of ${known.slice(0, MAX_NAMED).join('; ')}`
  throw new ServiceError('not_found', `${argument}: nobody of this business is called ${quoted(part)}; ${choices}.`, {
    hint: 'A part of one name or e-mail address is taken.',
  })
}
