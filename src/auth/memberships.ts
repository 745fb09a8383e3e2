import { sql } from 'kysely'
import { addAuditRows } from '../audit/audit-row.ts'
import { setAccess, type Transaction } from '../database/database.ts'
import { authorizedBusiness } from './business.ts'
import type { AuthorizedBusiness } from './principal.ts'

/**
 * The active memberships of a user in active businesses, oldest first, as the user would number them.
 * Needs a transaction with the user's id set.
 */
export async function findMemberships(db: Transaction, userId: string): Promise<AuthorizedBusiness[]> {
  const rows = await db
    .selectFrom('business_user as m')
    .innerJoin('business as b', 'b.id', 'm.business_id')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .select(['b.id', 'b.name', 'b.timezone', 'b.currency', 'b.currency_digits', 'm.role'])
    .where('m.user_id', '=', userId)
    .where('u.is_active', '=', true)
    .where('m.is_active', '=', true)
    .where('b.is_active', '=', true)
    .orderBy('m.created_at')
    .orderBy('m.business_id')
    .limit(200)
    .execute()
  return rows.map(authorizedBusiness)
}

/**
 * The memberships that a connection may use.
 * @param chosen ids of businesses; null for all
 */
export function chosenBusinesses(
  memberships: AuthorizedBusiness[],
  chosen: readonly string[] | null,
): AuthorizedBusiness[] {
  return chosen === null ? memberships : memberships.filter(({ id }) => chosen.includes(id))
}

/**
 * The user behind a Firebase sign-in. A user who was entered by e-mail is linked to the uid at the first sign-in with
 * that address, once Firebase has verified it. For a user who was entered by uid, the address is stored.
 * @returns the user's id, whose memberships the transaction sees from then on; null for an unknown user
 */
export async function findSignedInUser(
  db: Transaction,
  identity: { uid: string; email?: string },
): Promise<string | null> {
  const { uid, email } = identity
  const known = await db
    .selectFrom('app_user')
    .select(['id', 'email'])
    .where('firebase_uid', '=', uid)
    .executeTakeFirst()
  const user =
    known ??
    (email === undefined
      ? undefined
      : await db
          .updateTable('app_user')
          .set({ firebase_uid: uid })
          .where((eb) => eb(eb.fn<string>('lower', ['email']), '=', email.toLowerCase()))
          .where('firebase_uid', 'is', null)
          .returning(['id', 'email'])
          .executeTakeFirst())
  if (user === undefined) return null
  await setAccess(db, { userId: user.id })
  if (known === undefined) {
    await addAuditRows(db, { kind: 'sign_in', action: 'linked', principal: `user:${user.id}` })
  }
  if (user.email === null && email !== undefined) await keepEmail(db, user.id, email)
  return user.id
}

/** Stores the address of a user entered by uid, so that entering them by e-mail later finds the same person. */
async function keepEmail(db: Transaction, userId: string, email: string): Promise<void> {
  await db
    .updateTable('app_user')
    .set({ email })
    .where('id', '=', userId)
    .where(({ not, exists, selectFrom }) => {
      const holder = selectFrom('app_user as other').where((eb) =>
        eb(eb.fn<string>('lower', ['other.email']), '=', sql<string>`lower(${email})`),
      )
      return not(exists(holder))
    })
    .execute()
}
