import type { Insertable } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { DB } from '../database/types.ts'
import { REFRESH_GRACE_SECONDS } from './mcp-token.ts'

/** Stores a new token, and deletes those of the user that are too old even for a refresh. */
export async function addToken(
  db: Transaction,
  token: Omit<Insertable<DB['mcp_token']>, 'created_at'>,
  now: Date,
): Promise<void> {
  await Promise.all([
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
}
