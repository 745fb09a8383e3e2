import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'

/** Which rows of the audit trail are wanted. */
export interface TrailQuery {
  businessId?: string | undefined
  /** Id of the user, key or family of tokens whose rows are wanted, or a principal. */
  whose?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
  /** A kind, an action, or both as `key revoked`. */
  action?: string | undefined
  outcome?: 'ok' | 'refused' | undefined
  limit: number
  /** The last row of the previous page. */
  before?: readonly [at: string, id: string] | undefined
}

export type TrailRow = Awaited<ReturnType<typeof readTrail>>[number]

/**
 * Rows of the audit trail, newest first, with the names of what they refer to.
 * @param db as the role of the commands, with the operator's access
 */
export function readTrail(db: Transaction, query: TrailQuery) {
  const { businessId, whose, since, until, action, outcome, limit, before } = query
  return (
    db
      .selectFrom('mcp_audit as a')
      .leftJoin('business as b', 'b.id', 'a.business_id')
      .leftJoin('mcp_api_key as k', 'k.id', 'a.credential_id')
      // A principal is `user:<id>`; a key is named by its label.
      .leftJoin('app_user as u', (join) =>
        // `case`, because a cast of another principal would fail.
        join.on(
          sql<boolean>`u.id = case when a.principal ~ '^user:[0-9a-f-]{36}$' then substr(a.principal, 6)::uuid end`,
        ),
      )
      .select([
        'a.id',
        // As text, because a Date loses microseconds.
        sql<string>`to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`.as('at'),
        'a.kind',
        'a.action',
        'a.outcome',
        'a.occurrences',
        'a.principal',
        'u.email as principalEmail',
        'a.credential_id as credentialId',
        'k.label as keyLabel',
        'a.business_id as businessId',
        'b.name as businessName',
        'a.client',
        'a.network',
        'a.duration_ms as durationMs',
        'a.request_id as requestId',
        'a.subject',
      ])
      // What a member did that is about no business in particular, such as a sign-in, is theirs in each of them.
      .$if(businessId !== undefined, (rows) =>
        rows.where((eb) =>
          eb.or([
            eb('a.business_id', '=', businessId as string),
            eb.and([
              eb('a.business_id', 'is', null),
              eb(
                'a.principal',
                'in',
                eb
                  .selectFrom('business_user as m')
                  .select(sql<string>`'user:' || m.user_id`.as('principal'))
                  .where('m.business_id', '=', businessId as string),
              ),
            ]),
          ]),
        ),
      )
      .$if(whose !== undefined, (rows) =>
        rows.where((eb) =>
          eb.or([
            eb('a.principal', 'in', [whose as string, `user:${whose}`, `key:${whose}`]),
            eb(sql<string>`a.credential_id::text`, '=', whose as string),
          ]),
        ),
      )
      .$if(since !== undefined, (rows) => rows.where('a.at', '>=', since as Date))
      .$if(until !== undefined, (rows) => rows.where('a.at', '<', until as Date))
      .$if(action !== undefined, (rows) =>
        rows.where((eb) =>
          eb.or([
            eb('a.kind', '=', action as string),
            eb('a.action', '=', action as string),
            eb(sql<string>`a.kind || ' ' || a.action`, '=', action as string),
          ]),
        ),
      )
      .$if(outcome !== undefined, (rows) => rows.where('a.outcome', outcome === 'ok' ? '=' : '<>', 'ok'))
      .$if(before !== undefined, (rows) =>
        rows.where(sql<boolean>`(a.at, a.id) < (${before?.[0]}::timestamptz, ${before?.[1]}::bigint)`),
      )
      .orderBy('a.at', 'desc')
      .orderBy('a.id', 'desc')
      .limit(limit)
      .execute()
  )
}
