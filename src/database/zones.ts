import { ServiceError } from '../errors.ts'
import { learnZone, UnknownZone, type ZoneChange } from '../time/zones.ts'

/** A connection, a pool, or anything else that runs a statement with parameters. */
interface Queryable {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

const OFFSET = (instant: string) =>
  `extract(epoch from (${instant} at time zone $1) - (${instant} at time zone 'UTC'))::integer`

// Weekly samples find every change, since no zone changes and changes back within a week; halving finds the second.
const CHANGES = `
  with recursive samples as (
    select at, lag(at) over w as since, "offset", lag("offset") over w as earlier
    from (
      select extract(epoch from at)::bigint as at, ${OFFSET('at')} as "offset"
      from generate_series(timestamptz '1900-01-01Z', timestamptz '2100-01-01Z', interval '168 hours') at
    ) s
    window w as (order by at)
  ),
  halves as (
    select since as low, at as high, "offset" from samples where "offset" <> earlier
    union all
    select case when is_later then low else middle end, case when is_later then middle else high end, "offset"
    from (
      select *, ${OFFSET('to_timestamp(middle)')} = "offset" as is_later
      from (select *, (low + high) / 2 as middle from halves where high - low > 1) h
    ) h
  )
  select high::float8 as at, "offset" from halves where high - low = 1
  union all select at::float8, "offset" from samples where since is null
  order by at`

/** Has the process learn from the database when the clocks of a zone change. */
export async function readZone(db: Queryable, timezone: string): Promise<void> {
  const { rows } = await db.query(CHANGES, [timezone])
  learnZone(timezone, rows as ZoneChange[])
}

/**
 * Runs `work`, and again whenever it has needed a zone that this process does not know yet.
 * @param work writes nothing outside a transaction, which its failure rolls back
 * @throws ServiceError `invalid_argument` for a zone that the database does not know either
 */
export async function withZones<T>(db: { readZone(timezone: string): Promise<void> }, work: () => Promise<T>) {
  for (const tried = new Set<string>(); ; ) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof UnknownZone)) throw error
      if (tried.has(error.timezone)) throw new Error('a zone was learnt and is unknown again', { cause: error })
      tried.add(error.timezone)
      await db.readZone(error.timezone)
    }
  }
}

/** The failure to read a zone: its name is data, which the database rejects as any other value. */
export function noSuchZone(timezone: string, cause: unknown): ServiceError {
  return new ServiceError('invalid_argument', `The database does not know the time zone ${timezone}.`, { cause })
}
