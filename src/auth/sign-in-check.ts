import type { Transaction } from '../database/database.ts'

/** RFC 9700 section 4.14.2 wants a sign-out everywhere to reach tokens: how long Firebase's last answer counts. */
export const CHECKED_FOR_MS = 24 * 3_600_000

/** The sign-in behind a token or a connection, for asking Firebase about it. */
export function findSignIn(db: Transaction, jti: string) {
  return db
    .selectFrom('mcp_token as t')
    .innerJoin('app_user as u', 'u.id', 't.user_id')
    .select(['t.jti', 't.user_id', 't.business_ids', 't.signed_in_at', 't.checked_at', 'u.firebase_uid'])
    .where('t.jti', '=', jti)
    .executeTakeFirst()
}
