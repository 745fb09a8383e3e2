import { randomUUID } from 'node:crypto'
import fp from 'fastify-plugin'
import { addAuditRows, onlyBusiness } from '../../src/audit/audit-row.ts'
import { REFRESH_GRACE_SECONDS } from '../../src/auth/mcp-token.ts'
import { noteMembershipGone } from '../../src/auth/membership-gone.ts'
import { findMemberships, findSignedInUser } from '../../src/auth/memberships.ts'
import { type AuthorizedBusiness, scopesOfMemberships } from '../../src/auth/principal.ts'
import type { LiveToken, TokenGrant } from '../../src/auth/schemas.ts'
import { intersectScopes, type Scope } from '../../src/auth/scopes.ts'
import { CHECKED_FOR_MS, findSignIn } from '../../src/auth/sign-in-check.ts'
import { addToken, endFamilies, isReplaced, listFamilies } from '../../src/auth/token-families.ts'
import type { Config } from '../../src/config.ts'
import type { Transaction } from '../../src/database/database.ts'
import { ServiceError } from '../../src/errors.ts'
import type { Clock } from '../../src/time/clock.ts'

export interface TokenRequest {
  /** Can only narrow what the roles grant. */
  scopes?: Scope[] | undefined
  /** A name by which the person recognises the token. */
  label?: string | undefined
  /** User agent of the request. */
  client?: string | undefined
}

export interface SignedInUser {
  userId: string
  businesses: AuthorizedBusiness[]
}

/** The client ended its connection, or lost it by using a code or token twice; or Firebase no longer knows the sign-in. */
export type ConnectionEnd = 'the client' | 'the end of the sign-in'

/** Who asks to end or list tokens. */
export interface TokenOwner {
  userId: string
  /** The token that asks; absent for a Firebase sign-in. */
  jti?: string | undefined
  /** Why the connection of an OAuth client ends, unless its owner asks for it. */
  connectionEnd?: ConnectionEnd
}

export interface Tokens {
  /**
   * The user behind a Firebase ID token, with their current memberships, and when they proved who they are.
   * @throws ServiceError `unauthenticated`, `forbidden` without an active membership, `unavailable`
   */
  signIn(firebaseIdToken: string): Promise<SignedInUser & { signedInAt: Date }>
  /** Exchanges a Firebase ID token for an MCP token, which begins a family. */
  exchange(firebaseIdToken: string, request: TokenRequest): Promise<TokenGrant>
  /**
   * A new token of the same family in exchange for one that is valid, or expired at most seven days ago. The old one
   * ends ten minutes later; its use after that ends the family.
   * @throws ServiceError `unauthenticated`; `unavailable` when Firebase cannot say whether the sign-in is still good
   */
  refresh(accessToken: string): Promise<TokenGrant>
  /**
   * Ends families of tokens. A narrowed token may end its own only.
   * @returns how many have ended
   * @throws ServiceError `not_found` for a token that is not theirs or not live; `forbidden`
   */
  revoke(owner: TokenOwner, which: { jti: string } | 'all'): Promise<{ ended: number; revokedAt: Date }>
  /** The owner's live families, newest first; for a narrowed token its own. */
  list(owner: TokenOwner): Promise<LiveToken[]>
  /** Notes which MCP client has begun a conversation with a token. */
  noteUse(owner: { userId: string; familyId: string }, client: string): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    tokens: Tokens
  }
}

/** A new token, and the family that it belongs to. */
interface Issued {
  familyId: string
  grant: Omit<TokenGrant, 'activeBusinessId'>
}

const NO_MEMBERSHIP =
  'You have no active membership in any business. Ask an owner of the business to add you or to restore your access.'

/** MCP tokens: exchange, refresh, revocation. Each reads the memberships anew. */
export default fp<{ config: Config; clock: Clock }>(
  async (app, { config, clock }) => {
    const { database, jwtSigner } = app

    async function issue(
      db: Transaction,
      user: SignedInUser,
      request: TokenRequest,
      family: { id?: string; endedFor?: string[]; signedInAt: Date; checkedAt: Date },
    ): Promise<Issued> {
      const allowed = scopesOfMemberships(user.businesses)
      if (allowed.length === 0) {
        const roles = [...new Set(user.businesses.map(({ role }) => role))].join(', ')
        throw new ServiceError('forbidden', `Your role (${roles}) gives no access here. Ask an owner for another one.`)
      }
      const scopes = request.scopes === undefined ? allowed : intersectScopes(request.scopes, allowed)
      const beyond = request.scopes?.filter((scope) => !allowed.includes(scope)) ?? []
      if (beyond.length > 0) {
        throw new ServiceError(
          'invalid_argument',
          `scopes may only narrow what your roles give: ${allowed.join(', ')}; not ${beyond.join(', ')}.`,
        )
      }
      const jti = randomUUID()
      const [first] = user.businesses as [AuthorizedBusiness]
      const { token, expiresAt } = jwtSigner.sign({ sub: user.userId, jti, scopes, business: first.id })
      await addToken(
        db,
        {
          jti,
          family_id: family.id ?? jti,
          ended_for: family.endedFor ?? [],
          user_id: user.userId,
          label: request.label ?? null,
          client: request.client?.slice(0, 200) ?? null,
          scopes: request.scopes ?? null,
          expires_at: expiresAt,
          signed_in_at: family.signedInAt,
          checked_at: family.checkedAt,
        },
        clock(),
      )
      await addAuditRows(db, {
        at: clock(),
        kind: 'token',
        action: family.id === undefined ? 'exchanged' : 'refreshed',
        principal: `user:${user.userId}`,
        credentialId: family.id ?? jti,
        businessId: onlyBusiness(user.businesses),
      })
      const grant = {
        accessToken: token,
        tokenType: 'Bearer' as const,
        expiresIn: config.MCP_TOKEN_TTL_SECONDS,
        expiresAt,
        role: 'merchant' as const,
        authorizedBusinessIds: user.businesses.map(({ id }) => id),
        authorizedBusinesses: user.businesses.map(({ id, name }) => ({ id, name })),
        scopes,
      }
      return { familyId: family.id ?? jti, grant }
    }

    async function withActiveBusiness(familyId: string, grant: Issued['grant']): Promise<TokenGrant> {
      const { lastBusinessId } = await app.sessions.read(undefined, familyId)
      const [first = ''] = grant.authorizedBusinessIds
      const last = grant.authorizedBusinessIds.find((id) => id === lastBusinessId)
      return { ...grant, activeBusinessId: last ?? first }
    }

    async function findUser(db: Transaction, identity: { uid: string; email?: string }): Promise<SignedInUser> {
      const userId = await findSignedInUser(db, identity)
      const businesses = userId === null ? [] : await findMemberships(db, userId)
      if (userId === null || businesses.length === 0) throw new ServiceError('forbidden', NO_MEMBERSHIP)
      return { userId, businesses }
    }

    const accessOf = ({ uid, email }: { uid: string; email?: string }) => ({
      firebaseUid: uid,
      ...(email === undefined ? {} : { email }),
    })

    /**
     * Asks Firebase whether the sign-in of a token is still good. While Firebase is away, an answer of the last day is
     * good enough.
     * @returns when Firebase last said so
     */
    async function checkedAt(userId: string, jti: string): Promise<Date> {
      const token = await database.within({ userId }, 'read', (db) => findSignIn(db, jti))
      if (token?.firebase_uid == null) throw revoked()
      const now = clock()
      try {
        await app.firebase.requireSignIn(token.firebase_uid, token.signed_in_at)
        return now
      } catch (error) {
        const isAway = error instanceof ServiceError && error.code === 'unavailable'
        if (isAway && now.getTime() - token.checked_at.getTime() < CHECKED_FOR_MS) return token.checked_at
        throw error
      }
    }

    /** Replaces a token by the next one of its family. */
    async function renew(userId: string, jti: string, checkedAt: Date): Promise<Issued> {
      const now = clock()
      const issued = await database.within({ userId }, 'write', async (db) => {
        // Locked, so that nobody ends the family between this and the insertion of the next token.
        const old = await findToken(db, jti).forUpdate().executeTakeFirst()
        if (old === undefined || old.revoked_at !== null) throw revoked()
        if (isReplaced(old, now)) {
          // RFC 9700 section 4.14.2: whoever has a token that was replaced long ago is not who got its successor.
          const [familyId] = await endFamilies(db, userId, { jti }, now)
          if (familyId !== undefined) await addAuditRows(db, endOf(familyId, userId, 'reuse of a replaced token', now))
          return { endedFamilyId: familyId }
        }
        const businesses = await findMemberships(db, userId)
        if (businesses.length === 0) return { goneFamilyId: old.family_id }
        // The new token keeps the narrowing, less what the roles no longer grant.
        const allowed = scopesOfMemberships(businesses)
        const scopes = old.scopes === null ? undefined : intersectScopes(old.scopes as Scope[], allowed)
        if ((scopes ?? allowed).length === 0) {
          throw new ServiceError('unauthenticated', 'Your roles no longer give any scope of this token. Sign in again.')
        }
        const { family_id: id, ended_for: endedFor, label, client, signed_in_at: signedInAt } = old
        const request = { scopes, label: label ?? undefined, client: client ?? undefined }
        if (old.replaced_at === null) {
          await db.updateTable('mcp_token').set({ replaced_at: now }).where('jti', '=', jti).execute()
        }
        return issue(db, { userId, businesses }, request, { id, endedFor, signedInAt, checkedAt })
      })
      if ('grant' in issued) return issued
      if ('goneFamilyId' in issued) {
        await noteMembershipGone(database, { userId }, { familyId: issued.goneFamilyId }, now)
        throw new ServiceError('unauthenticated', NO_MEMBERSHIP)
      }
      if (issued.endedFamilyId !== undefined) app.principals.forget(issued.endedFamilyId)
      throw new ServiceError(
        'unauthenticated',
        'This token was replaced by a newer one long ago. All tokens of its family have been ended. Sign in again.',
      )
    }

    app.decorate('tokens', {
      async signIn(firebaseIdToken) {
        const identity = await app.firebase.verify(firebaseIdToken)
        const user = await database.within(accessOf(identity), 'write', (db) => findUser(db, identity))
        return { ...user, signedInAt: identity.signedInAt }
      },

      async exchange(firebaseIdToken, request) {
        const identity = await app.firebase.verify(firebaseIdToken)
        const { signedInAt } = identity
        const { familyId, grant } = await database.within(accessOf(identity), 'write', async (db) =>
          issue(db, await findUser(db, identity), request, { signedInAt, checkedAt: clock() }),
        )
        return withActiveBusiness(familyId, grant)
      },

      async refresh(accessToken) {
        const { sub: userId, jti } = jwtSigner.verify(accessToken, REFRESH_GRACE_SECONDS)
        const { familyId, grant } = await renew(userId, jti, await checkedAt(userId, jti))
        return withActiveBusiness(familyId, grant)
      },

      async revoke({ userId, jti, connectionEnd }, which) {
        const now = clock()
        const ended = await database.within({ userId }, 'write', async (db) => {
          const own = jti === undefined ? undefined : await findToken(db, jti).executeTakeFirst()
          const families = await endFamilies(db, userId, which, now)
          if (own?.scopes != null && families.some((family) => family !== own.family_id)) {
            throw new ServiceError('forbidden', 'This token was narrowed, so it can end only itself.', {
              hint: 'Sign in to Settings → AI Assistant to end others.',
            })
          }
          const by = own === undefined ? 'the person, signed in' : `token ${own.family_id}`
          const ends = families.map((family) => endOf(family, userId, connectionEnd ?? by, now))
          await addAuditRows(db, ...ends.map((end) => (connectionEnd ? { ...end, kind: 'connection' as const } : end)))
          return families
        })
        if (ended.length === 0) throw new ServiceError('not_found', 'There is no such live token among yours.')
        for (const family of ended) app.principals.forget(family)
        return { ended: ended.length, revokedAt: now }
      },

      list({ userId, jti }) {
        return database.within({ userId }, 'read', async (db) => {
          const own = jti === undefined ? undefined : await findToken(db, jti).executeTakeFirst()
          return listFamilies(db, userId, clock(), own?.scopes == null ? undefined : own.family_id)
        })
      },

      async noteUse({ userId, familyId }, client) {
        await database.within({ userId }, 'write', (db) =>
          db
            .updateTable('mcp_token')
            .set({ used_by: client })
            .where('family_id', '=', familyId)
            .where('used_by', 'is distinct from', client)
            .execute(),
        )
      },
    } satisfies Tokens)
  },
  { name: 'tokens', dependencies: ['postgres', 'jwt', 'firebase', 'sessions', 'principals'] },
)

function findToken(db: Transaction, jti: string) {
  return db
    .selectFrom('mcp_token')
    .select(['family_id', 'label', 'client', 'scopes', 'revoked_at', 'replaced_at', 'signed_in_at', 'ended_for'])
    .where('jti', '=', jti)
}

/** The row about the end of a family. @param by who ended it, or why */
function endOf(familyId: string, userId: string, by: string, at: Date) {
  return {
    at,
    kind: 'token' as const,
    action: 'ended' as const,
    principal: `user:${userId}`,
    credentialId: familyId,
    subject: `by ${by}`,
  }
}

function revoked(): ServiceError {
  return new ServiceError('unauthenticated', 'This token was revoked. Sign in again for a new one.')
}
