import { sql } from 'kysely'
import { addAuditRows } from '../audit/audit-row.ts'
import type { Caller } from '../audit/caller.ts'
import { type Access, type Database, setAccess, type Transaction } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import { clean } from '../results/text.ts'
import { API_KEY, allows, BarredError, findPolicies, PASTED_TOKEN, usableBusinesses } from './assistant-policy.ts'
import { authorizedBusiness } from './business.ts'
import { earlierOf, type Maker, makerLeaves } from './key-maker.ts'
import type { VerifiedMcpToken } from './mcp-token.ts'
import { dayOf, noteMembershipGone } from './membership-gone.ts'
import { chosenBusinesses, findMemberships } from './memberships.ts'
import type { Principal } from './principal.ts'
import type { Scope } from './scopes.ts'
import { isReplaced } from './token-families.ts'

const USED_EVERY_MS = 60_000

/**
 * The principal of a verified token, by its row and the user's current memberships.
 * @param caller whom the audit trail names
 * @throws ServiceError `unauthenticated` for a token that was revoked or is unknown here, `forbidden` for a user
 *   without any active membership
 */
export async function findTokenPrincipal(
  database: Database,
  claims: Pick<VerifiedMcpToken, 'sub' | 'jti' | 'scopes' | 'business' | 'exp'>,
  now: Date,
  caller: Caller,
): Promise<Principal> {
  const found = await database.within({ userId: claims.sub }, 'read', async (db) => {
    const [token, businesses, policies] = await Promise.all([
      db
        .selectFrom('mcp_token')
        .select(['family_id', 'revoked_at', 'replaced_at', 'last_used_at', 'gone_on', 'client_data', 'business_ids'])
        .select(['client_host', 'ended_for'])
        .where('jti', '=', claims.jti)
        .executeTakeFirst(),
      findMemberships(db, claims.sub),
      findPolicies(db),
    ])
    return { token, businesses, policies }
  })
  if (found.token === undefined || found.token.revoked_at !== null) {
    throw new ServiceError('unauthenticated', 'This token was revoked. Generate a new one in Settings → AI Assistant.')
  }
  if (isReplaced(found.token, now)) {
    throw new ServiceError('unauthenticated', 'This token was replaced by a newer one. Use that, or sign in again.')
  }
  const chosen = chosenBusinesses(found.businesses, found.token.business_ids)
  const client = found.token.client_host ?? PASTED_TOKEN
  const businesses = usableBusinesses(chosen, found.policies, client, {
    endedFor: found.token.ended_for,
    principal: `user:${claims.sub}`,
    userId: claims.sub,
    credentialId: found.token.family_id,
  })
  if (businesses.length === 0) {
    const { family_id: familyId, gone_on: noted } = found.token
    if (noted !== dayOf(now)) {
      const credential = { familyId, businessId: claims.business }
      await noteMembershipGone(database, { userId: claims.sub }, credential, now, caller)
    }
    throw new ServiceError(
      'forbidden',
      found.businesses.length === 0
        ? 'You have no active membership in any business. Ask an owner to restore it.'
        : 'You have no active membership in any business that you chose for this connection. Connect again to choose others.',
    )
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
    clientData: found.token.client_data,
    businesses,
    defaultBusinessId: claims.business,
    expiresAt: new Date(claims.exp * 1000),
  }
}

/**
 * The principal of an API key.
 * @param of isRemembered: whether the key was good a while ago; caller: whom the audit trail names
 * @throws ServiceError `unauthenticated` for a key that is unknown, revoked, expired, whose business is not active, or
 *   whose maker left the business a day ago; BarredError for another whose business allows no keys
 */
export async function findApiKeyPrincipal(
  database: Database,
  keyHash: Buffer,
  now: Date,
  { isRemembered, caller }: { isRemembered: boolean; caller: Caller },
): Promise<Principal> {
  // A key that was good before does not wait behind those that somebody makes up.
  const turn = isRemembered ? { tenant: keyHash.toString('hex') } : {}
  const { key, business, maker } = await database.within({ keyHash }, 'read', (db) => findKey(db, keyHash), turn)
  const isOperator = key?.role === 'platform_operator'
  if (key === undefined || (!isOperator && business === undefined)) {
    throw new ServiceError('unauthenticated', 'This API key is unknown or was revoked. Create a new one.')
  }
  if (key.expires_at !== null && key.expires_at <= now) throw expiredKey()
  const endsAt = isOperator ? null : makerLeaves(key.created_by, maker)
  if (endsAt !== null && endsAt <= now) {
    if (key.gone_on !== dayOf(now)) {
      const businessId = business?.id as string
      await noteMembershipGone(database, { businessId }, { keyId: key.id, businessId }, now, caller)
    }
    throw new ServiceError('unauthenticated', 'Who made this API key has left the business. Create a new one.')
  }
  // Only a key that is good otherwise is told what its business allows.
  if (business !== undefined && !allows(business, API_KEY)) {
    throw new BarredError(
      `${clean(business.name, 80)} does not allow API keys at the moment.`,
      { principal: `key:${key.id}`, userId: key.created_by, credentialId: key.id, businessId: business.id },
      { hint: 'An owner or admin decides in Settings → AI Assistant.' },
    )
  }
  if (isUnused(key.last_used_at, now)) {
    await markUsed(database, { keyHash }, async (db) => {
      const { numUpdatedRows } = await db
        .updateTable('mcp_api_key')
        .set({ last_used_at: now })
        .where('id', '=', key.id)
        .where('last_used_at', key.last_used_at === null ? 'is' : 'is not', null)
        .executeTakeFirst()
      if (key.last_used_at !== null || numUpdatedRows === 0n) return
      await addAuditRows(db, {
        at: now,
        kind: 'key',
        action: 'first_used',
        principal: `key:${key.id}`,
        credentialId: key.id,
        businessId: key.business_id,
        caller,
      })
    })
  }
  return {
    kind: isOperator ? 'operator' : 'api_key',
    role: key.role as Principal['role'],
    ref: `key:${key.id}`,
    userId: key.created_by,
    credentialId: key.id,
    grantedScopes: key.scopes as Scope[],
    clientData: true,
    businesses: business === undefined ? [] : [authorizedBusiness({ ...business, role: key.role })],
    defaultBusinessId: business?.id ?? null,
    expiresAt: earlierOf(key.expires_at, endsAt),
  }
}

export function expiredKey(): ServiceError {
  return new ServiceError('unauthenticated', 'This API key has expired. Create a new one.')
}

/** What of a principal finds it again. */
export type KnownPrincipal = Pick<
  Principal,
  'kind' | 'userId' | 'credentialId' | 'grantedScopes' | 'clientData' | 'defaultBusinessId'
>

/**
 * The principal behind a credential that was good a while ago, as if the credential were sent again.
 * @throws ServiceError `unauthenticated`, `forbidden`
 */
export async function findPrincipalAgain(
  database: Database,
  { kind, userId, credentialId, grantedScopes, clientData, defaultBusinessId }: KnownPrincipal,
  now: Date,
  caller: Caller,
): Promise<Principal> {
  const business = defaultBusinessId ?? ''
  if (kind === 'merchant' && userId !== null) {
    const token = await database.within({ userId }, 'read', (db) =>
      db
        .selectFrom('mcp_token')
        .select(['jti', 'expires_at'])
        .where('family_id', '=', credentialId)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', now)
        .orderBy('created_at', 'desc')
        .executeTakeFirst(),
    )
    if (token === undefined) throw new ServiceError('unauthenticated', 'The token behind this was ended.')
    const exp = Math.floor(token.expires_at.getTime() / 1000)
    const claims = { sub: userId, jti: token.jti, scopes: [...grantedScopes], business, exp }
    const principal = await findTokenPrincipal(database, claims, now, caller)
    return { ...principal, clientData: principal.clientData && clientData }
  }
  const key = await database.within({ businessId: business }, 'read', (db) =>
    db
      .selectFrom('mcp_api_key')
      .select(['key_hash', 'expires_at'])
      .where('id', '=', credentialId)
      .where('business_id', '=', business)
      .where('is_active', '=', true)
      .executeTakeFirst(),
  )
  if (key === undefined || (key.expires_at !== null && key.expires_at <= now)) {
    throw new ServiceError('unauthenticated', 'The API key behind this was ended.')
  }
  return findApiKeyPrincipal(database, key.key_hash, now, { isRemembered: true, caller })
}

/** An active key by its hash, with its business if that is active, and with who made it. */
async function findKey(db: Transaction, keyHash: Buffer) {
  const key = await db
    .selectFrom('mcp_api_key')
    .select(['id', 'business_id', 'role', 'scopes', 'expires_at', 'last_used_at', 'created_by', 'gone_on'])
    .where('key_hash', '=', keyHash)
    .where('is_active', '=', true)
    .executeTakeFirst()
  if (key === undefined || key.business_id === null) return { key, business: undefined, maker: undefined }
  const businessId = key.business_id
  // The key has told whose it is; people are visible only through their business.
  const [, business, maker] = await Promise.all([
    setAccess(db, { businessId }),
    db
      .selectFrom('business')
      .select(['id', 'name', 'timezone', 'currency', 'currency_digits'])
      .select(['assistants_enabled as isEnabled', 'allowed_clients as allowedClients'])
      .where('id', '=', businessId)
      .where('is_active', '=', true)
      .executeTakeFirst(),
    findMaker(db, businessId, key.created_by),
  ])
  return { key, business, maker }
}

async function findMaker(db: Transaction, businessId: string, userId: string | null): Promise<Maker | undefined> {
  if (userId === null) return undefined
  return db
    .selectFrom('business_user as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .select(['u.is_active as isUser', 'm.is_active as isMember', 'm.ended_at as endedAt'])
    .where('m.business_id', '=', businessId)
    .where('m.user_id', '=', userId)
    .executeTakeFirst()
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
