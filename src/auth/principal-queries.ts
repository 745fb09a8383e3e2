import { sql } from 'kysely'
import type { Access, Database, Transaction } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import { authorizedBusiness } from './business.ts'
import type { VerifiedMcpToken } from './mcp-token.ts'
import { findMemberships } from './memberships.ts'
import type { Principal } from './principal.ts'
import type { Scope } from './scopes.ts'
import { isReplaced } from './token-families.ts'

const USED_EVERY_MS = 60_000

/**
 * The principal of a verified token, by its row and the user's current memberships.
 * @throws ServiceError `unauthenticated` for a token that was revoked or is unknown here, `forbidden` for a user
 *   without any active membership
 */
export async function findTokenPrincipal(database: Database, claims: VerifiedMcpToken, now: Date): Promise<Principal> {
  const found = await database.within({ userId: claims.sub }, 'read', async (db) => {
    const [token, businesses] = await Promise.all([
      db
        .selectFrom('mcp_token')
        .select(['family_id', 'revoked_at', 'replaced_at', 'last_used_at'])
        .where('jti', '=', claims.jti)
        .executeTakeFirst(),
      findMemberships(db, claims.sub),
    ])
    return { token, businesses }
  })
  if (found.token === undefined || found.token.revoked_at !== null) {
    throw new ServiceError('unauthenticated', 'This token was revoked. Generate a new one in Settings → AI Assistant.')
  }
  if (isReplaced(found.token, now)) {
    throw new ServiceError('unauthenticated', 'This token was replaced by a newer one. Use that, or sign in again.')
  }
  if (found.businesses.length === 0) {
    throw new ServiceError('forbidden', 'You have no active membership in any business. Ask an owner to restore it.')
  }
  if (isUnused(found.token.last_used_at, now)) {
    await markUsed(database, { userId: claims.sub }, (db) =>
      db.updateTable('mcp_token').set({ last_used_at: now }).where('jti', '=', claims.jti).execute(),
    )
  }
  return {
    kind: 'merchant',
    role: 'merchant',
    ref: `user:${claims.sub}`,
    userId: claims.sub,
    credentialId: found.token.family_id,
    grantedScopes: claims.scopes,
    businesses: found.businesses,
    defaultBusinessId: claims.business,
    expiresAt: new Date(claims.exp * 1000),
  }
}

/**
 * The principal of an API key.
 * @throws ServiceError `unauthenticated` for a key that is unknown, revoked, or whose business is not active
 */
export async function findApiKeyPrincipal(database: Database, keyHash: Buffer, now: Date): Promise<Principal> {
  const key = await database.within({ keyHash }, 'read', (db) =>
    db
      .selectFrom('mcp_api_key as k')
      .leftJoin('business as b', (join) => join.onRef('b.id', '=', 'k.business_id').on('b.is_active', '=', true))
      .select(['k.id', 'k.role', 'k.scopes', 'k.expires_at', 'k.last_used_at', 'k.created_by'])
      .select(['b.id as business_id', 'b.name', 'b.timezone', 'b.currency', 'b.currency_digits'])
      .where('k.key_hash', '=', keyHash)
      .where('k.is_active', '=', true)
      .executeTakeFirst(),
  )
  const isOperator = key?.role === 'platform_operator'
  if (key === undefined || (!isOperator && key.business_id === null)) {
    throw new ServiceError('unauthenticated', 'This API key is unknown or was revoked. Create a new one.')
  }
  if (isUnused(key.last_used_at, now)) {
    await markUsed(database, key.business_id === null ? { operator: true } : { businessId: key.business_id }, (db) =>
      db.updateTable('mcp_api_key').set({ last_used_at: now }).where('id', '=', key.id).execute(),
    )
  }
  const { business_id: id, name, timezone, currency, currency_digits, role } = key
  const business =
    id === null || name === null || timezone === null || currency === null || currency_digits === null
      ? []
      : [authorizedBusiness({ id, name, timezone, currency, currency_digits, role })]
  return {
    kind: isOperator ? 'operator' : 'api_key',
    role: key.role as Principal['role'],
    ref: `key:${key.id}`,
    userId: key.created_by,
    credentialId: key.id,
    grantedScopes: key.scopes as Scope[],
    businesses: business,
    defaultBusinessId: id,
    expiresAt: key.expires_at,
  }
}

function isUnused(lastUsed: Date | null, now: Date): boolean {
  return lastUsed === null || now.getTime() - lastUsed.getTime() >= USED_EVERY_MS
}

async function markUsed(
  database: Database,
  access: Access,
  update: (db: Transaction) => Promise<unknown>,
): Promise<void> {
  await database
    .within(access, 'write', async (db) => {
      // The time of last use is not worth waiting for someone else's lock.
      await sql`set local lock_timeout = '200ms'`.execute(db)
      await update(db)
    })
    .catch(() => {})
}
