import { type RawBuilder, sql } from 'kysely'
import { grouped } from '../../money/money.ts'

// How large orders are, in bands between round amounts: the same ones for every shop, currency and period, so that they
// can be compared. 1, 2, 5, 10, 20, 50, … divide small and large sales alike.

const POWERS = 10
const BOUNDS = [0, ...Array.from({ length: POWERS }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()]

/** The number of the band of a total, with its lower bound; 0 is below zero, of what only takes goods back. */
export function bandInSql(total: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`width_bucket(${total}, array[${sql.join(BOUNDS.map((bound) => sql.lit(bound)))}]::numeric[])`
}

/** A band by its number: `50 to below 100`. */
export function bandName(band: number): string {
  const [from, to] = [BOUNDS[band - 1], BOUNDS[band]].map((bound) =>
    bound === undefined ? undefined : grouped(String(bound)),
  )
  if (from === undefined) return 'below 0'
  return to === undefined ? `${from} and more` : `${from} to below ${to}`
}
