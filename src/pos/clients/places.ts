import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import { byName, quoted, theOne } from '../references.ts'

const MAX_CHOICES = 20

/**
 * The cities or countries of clients that a text means, by name or by words of it: a place where nobody is must not read
 * as one without sales. All ways to write a place are one.
 * @throws ServiceError `invalid_argument` with the places that there are
 */
export async function placesOfClients(db: Transaction, businessId: string, column: 'city' | 'country', asked: string) {
  const places = sql<{ id: string; name: string; clients: number }>`(
    select search_text(c.place) as id, min(c.place) as name, count(*)::integer as clients
    from (select city_name(${sql.ref(column)}) as place from customer where business_id = ${businessId}) c
    where c.place <> '' group by 1)`
  const { isMeant, tier } = byName(asked, { isRead: true })
  const rows = await db
    .selectFrom(places.as('place'))
    .select(['id', 'name', 'clients', isMeant.as('isMeant'), tier.as('tier')])
    .orderBy('clients', 'desc')
    .orderBy('id')
    .execute()
  const meant = rows.filter((row) => row.isMeant)
  if (meant.length > 0) return meant
  const choices = rows.slice(0, MAX_CHOICES).map(({ name }) => clean(name, 40))
  throw new ServiceError(
    'invalid_argument',
    choices.length === 0
      ? `${column}: no ${column} of any client is on file.`
      : `${column} must be one of: ${choices.join(', ')}${rows.length > choices.length ? ' and more' : ''}.`,
  )
}

/**
 * The only city that a text means.
 * @throws ServiceError as `placesOfClients`, and with the candidates for several
 */
export async function cityOfClients(db: Transaction, businessId: string, asked: string): Promise<string> {
  const cities = await placesOfClients(db, businessId, 'city', asked)
  const city = theOne(cities, { argument: 'city', reference: asked, describe: ({ name }) => quoted(name) })
  return (city as (typeof cities)[number]).name
}
