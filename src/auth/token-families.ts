import { type Insertable, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { DB } from '../database/types.ts'
import { ServiceError } from '../errors.ts'
import { REFRESH_GRACE_SECONDS } from './mcp-token.ts'
import type { LiveToken } from './schemas.ts'

/** How long a token that was refreshed still works: calls under way, and a lost answer to the refresh. */
const REPLACED_FOR_MS = 10 * 60_000
/** More than anybody needs; a script that exchanges anew for every call comes here. */
const MAX_FAMILIES = 500
const REFRESHES_PER_HOUR = 60
const HOUR_MS = 3_600_000

/** Whether a token was refreshed so long ago that it has ended. */
export function isReplaced({ replaced_at: at }: { replaced_at: Date | null }, now: Date): boolean {
  return at !== null && now.getTime() >= at.getTime() + REPLACED_FOR_MS
}

/**
 * Stores a new token, and deletes those of the user that are too old even for a refresh.
 * @param token `family_id` is that of the token that it replaces, or its own `jti`
 * @throws ServiceError `rate_limited` for a person with too many families, or a family with too many refreshes
 */
export async function addToken(
  db: Transaction,
  token: Omit<Insertable<DB['mcp_token']>, 'created_at'>,
  now: Date,
): Promise<void> {
  const isFirst = token.family_id === token.jti
  const [families, refreshes] = await Promise.all([
    isFirst ? countFamilies(db, token.user_id, now) : 0,
    isFirst ? 0 : countRefreshes(db, token.family_id, now),
    db
      .insertInto('mcp_token')
      .values({ ...token, created_at: now })
      .execute(),
    db
      .deleteFrom('mcp_token')
      .where('user_id', '=', token.user_id)
      .where('expires_at', '<', new Date(now.getTime() - REFRESH_GRACE_SECONDS * 1000))
      .execute(),
  ])
  if (families >= MAX_FAMILIES) {
    throw new ServiceError('rate_limited', `You have ${MAX_FAMILIES} live tokens. End those that you do not use.`, {
      hint: 'Settings → AI Assistant lists them; POST /mcp/token/revoke with {"all": true} ends all.',
    })
  }
  if (refreshes >= REFRESHES_PER_HOUR) {
    throw new ServiceError('rate_limited', 'This token was refreshed too often. Use the newest one until it expires.', {
      retryAfterSeconds: 600,
    })
  }
}

async function countFamilies(db: Transaction, userId: string, now: Date): Promise<number> {
  const { count } = await db
    .selectFrom('mcp_token')
    .select((eb) => eb.fn.count<string>('family_id').distinct().as('count'))
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return Number(count)
}

async function countRefreshes(db: Transaction, familyId: string, now: Date): Promise<number> {
  const { count } = await db
    .selectFrom('mcp_token')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('family_id', '=', familyId)
    .where('created_at', '>', new Date(now.getTime() - HOUR_MS))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/**
 * Ends families of a user: one, or all.
 * @param which a token of the family, or `all`
 * @returns the ids of the families that have ended now
 */
export async function endFamilies(
  db: Transaction,
  userId: string,
  which: { jti: string } | 'all',
  now: Date,
): Promise<string[]> {
  const live = db.selectFrom('mcp_token').where('user_id', '=', userId).where('revoked_at', 'is', null)
  const chosen =
    which === 'all'
      ? live
      : live.where('family_id', '=', (eb) =>
          eb
            .selectFrom('mcp_token as t')
            .select('t.family_id')
            .where('t.user_id', '=', userId)
            .where('t.jti', '=', which.jti),
        )
  // A refresh under way holds the lock of the token that it replaces. The second statement sees its successor.
  const rows = await chosen.select('family_id').forUpdate().execute()
  const ids = [...new Set(rows.map(({ family_id }) => family_id))]
  if (ids.length === 0) return []
  await db
    .updateTable('mcp_token')
    .set({ revoked_at: now })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('family_id', 'in', ids)
    .execute()
  return ids
}

/**
 * The live families of a user, newest first.
 * @param only the family of this id
 */
export function listFamilies(db: Transaction, userId: string, now: Date, only?: string): Promise<LiveToken[]> {
  return (
    db
      .selectFrom('mcp_token')
      // What was granted, label and client are the same in the whole family.
      .select(({ fn }) => [
        'family_id as jti',
        fn.min('label').as('label'),
        fn.min('client').as('client'),
        fn.max('used_by').as('usedBy'),
        fn.min('scopes').as('scopes'),
        sql<boolean>`bool_and(client_data)`.as('clientData'),
        fn.min('business_ids').as('businessIds'),
        fn.min('created_at').as('createdAt'),
        fn.max('last_used_at').as('lastUsedAt'),
        fn.max('expires_at').as('expiresAt'),
      ])
      .where('user_id', '=', userId)
      .where('revoked_at', 'is', null)
      .$if(only !== undefined, (query) => query.where('family_id', '=', only as string))
      .groupBy('family_id')
      .having(({ fn }) => fn.max('expires_at'), '>', now)
      .orderBy('createdAt', 'desc')
      .orderBy('family_id')
      .limit(MAX_FAMILIES)
      .execute()
  )
}
