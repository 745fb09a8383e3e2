import { randomUUID } from 'node:crypto'
import fp from 'fastify-plugin'
import { REFRESH_GRACE_SECONDS } from '../../src/auth/mcp-token.ts'
import { findMemberships, findSignedInUser } from '../../src/auth/memberships.ts'
import { type AuthorizedBusiness, scopesOfMemberships } from '../../src/auth/principal.ts'
import type { LiveToken, TokenGrant } from '../../src/auth/schemas.ts'
import { intersectScopes, type Scope } from '../../src/auth/scopes.ts'
import { addToken } from '../../src/auth/token-rows.ts'
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

export interface Tokens {
  /**
   * The user behind a Firebase ID token, with their current memberships.
   * @throws ServiceError `unauthenticated`, `forbidden` without an active membership, `unavailable`
   */
  signIn(firebaseIdToken: string): Promise<SignedInUser>
  /** Exchanges a Firebase ID token for an MCP token. */
  exchange(firebaseIdToken: string, request: TokenRequest): Promise<TokenGrant>
  /** A new token in exchange for one that is valid or expired at most seven days ago. */
  refresh(accessToken: string, client: string | undefined): Promise<TokenGrant>
  /** @throws ServiceError `not_found` for a token that is not theirs or not live */
  revoke(userId: string, jti: string): Promise<{ jti: string; revokedAt: Date }>
  /** The user's live tokens, newest first, at most 100. */
  list(userId: string): Promise<LiveToken[]>
}

declare module 'fastify' {
  interface FastifyInstance {
    tokens: Tokens
  }
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
    ): Promise<Omit<TokenGrant, 'activeBusinessId'>> {
      const allowed = scopesOfMemberships(user.businesses)
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
          user_id: user.userId,
          label: request.label ?? null,
          client: request.client?.slice(0, 200) ?? null,
          scopes: request.scopes ?? null,
          expires_at: expiresAt,
        },
        clock(),
      )
      return {
        accessToken: token,
        tokenType: 'Bearer',
        expiresIn: config.MCP_TOKEN_TTL_SECONDS,
        expiresAt,
        role: 'merchant',
        authorizedBusinessIds: user.businesses.map(({ id }) => id),
        authorizedBusinesses: user.businesses.map(({ id, name }) => ({ id, name })),
        scopes,
      }
    }

    async function withActiveBusiness(
      userId: string,
      grant: Omit<TokenGrant, 'activeBusinessId'>,
    ): Promise<TokenGrant> {
      const { lastBusinessId } = await app.sessions.read(undefined, `user:${userId}`)
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

    app.decorate('tokens', {
      async signIn(firebaseIdToken) {
        const identity = await app.firebase.verify(firebaseIdToken)
        return database.within(accessOf(identity), 'write', (db) => findUser(db, identity))
      },

      async exchange(firebaseIdToken, request) {
        const identity = await app.firebase.verify(firebaseIdToken)
        const { userId, grant } = await database.within(accessOf(identity), 'write', async (db) => {
          const user = await findUser(db, identity)
          return { userId: user.userId, grant: await issue(db, user, request) }
        })
        return withActiveBusiness(userId, grant)
      },

      async refresh(accessToken, client) {
        const { sub: userId, jti } = jwtSigner.verify(accessToken, REFRESH_GRACE_SECONDS)
        const grant = await database.within({ userId }, 'write', async (db) => {
          const old = await db
            .selectFrom('mcp_token')
            .select(['label', 'scopes', 'revoked_at'])
            .where('jti', '=', jti)
            .executeTakeFirst()
          if (old === undefined || old.revoked_at !== null) {
            throw new ServiceError('unauthenticated', 'This token was revoked. Sign in again for a new one.')
          }
          const businesses = await findMemberships(db, userId)
          if (businesses.length === 0) throw new ServiceError('unauthenticated', NO_MEMBERSHIP)
          // The new token keeps the narrowing, less what the roles no longer grant.
          const allowed = scopesOfMemberships(businesses)
          const scopes = old.scopes === null ? undefined : intersectScopes(old.scopes as Scope[], allowed)
          if (scopes?.length === 0) {
            throw new ServiceError(
              'unauthenticated',
              'Your roles no longer give any scope of this token. Sign in again.',
            )
          }
          return issue(db, { userId, businesses }, { scopes, label: old.label ?? undefined, client })
        })
        return withActiveBusiness(userId, grant)
      },

      async revoke(userId, jti) {
        const now = clock()
        const token = await database.within({ userId }, 'write', (db) =>
          db
            .updateTable('mcp_token')
            .set({ revoked_at: now })
            .where('user_id', '=', userId)
            .where('jti', '=', jti)
            .where('revoked_at', 'is', null)
            .returning('jti')
            .executeTakeFirst(),
        )
        if (token === undefined) throw new ServiceError('not_found', 'There is no such live token among yours.')
        app.principals.forget(jti)
        return { jti, revokedAt: now }
      },

      list(userId) {
        return database.within({ userId }, 'read', (db) =>
          db
            .selectFrom('mcp_token')
            .select(['jti', 'label', 'client', 'scopes', 'client_data as clientData', 'business_ids as businessIds'])
            .select(['created_at as createdAt', 'last_used_at as lastUsedAt', 'expires_at as expiresAt'])
            .where('user_id', '=', userId)
            .where('revoked_at', 'is', null)
            .where('expires_at', '>', clock())
            .orderBy('created_at', 'desc')
            .orderBy('jti')
            .limit(100)
            .execute(),
        )
      },
    } satisfies Tokens)
  },
  { name: 'tokens', dependencies: ['postgres', 'jwt', 'firebase', 'sessions', 'principals'] },
)
