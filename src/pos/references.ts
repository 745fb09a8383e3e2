import { type RawBuilder, sql } from 'kysely'
import { ServiceError } from '../errors.ts'
import { isUuid } from '../uuid.ts'

/**
 * What rows that match a reference are ordered by, descending: the row with it as its id comes before those that have
 * it as code, number or name, so that nobody can take over a row by giving another one its id as a code.
 */
export function isItsId(idColumn: string, reference: string): RawBuilder<boolean> {
  return sql<boolean>`(${sql.ref(idColumn)}::text = lower(${reference}))`
}

/**
 * Refuses a new code, SKU or number in the form of an id, which would look like the id of another row.
 * @throws ServiceError `invalid_argument`
 */
export function requireNoIdForm(argument: string, code: string): void {
  if (!isUuid(code)) return
  throw new ServiceError('invalid_argument', `${argument} must not have the form of an id (a UUID).`, {
    hint: 'Choose a shorter one, which people can read.',
  })
}
