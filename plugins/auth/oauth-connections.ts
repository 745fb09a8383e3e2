import fp from 'fastify-plugin'
import { addAuditRows } from '../../src/audit/audit-row.ts'
import { findPolicies } from '../../src/auth/assistant-policy.ts'
import { noteMembershipGone } from '../../src/auth/membership-gone.ts'
import { chosenBusinesses, findMemberships } from '../../src/auth/memberships.ts'
import { CHECKED_FOR_MS, findSignIn } from '../../src/auth/sign-in-check.ts'
import { addToken } from '../../src/auth/token-families.ts'
import { ServiceError } from '../../src/errors.ts'
import type { Connections } from '../../src/oauth/connections.ts'
import type { Clock } from '../../src/time/clock.ts'
import type { ConnectionEnd } from './tokens.ts'

declare module 'fastify' {
  interface FastifyInstance {
    connections: Connections
  }
}

// Every renewal is announced to all instances, and clients refresh several times at once.
const RENEWAL_STEP_SECONDS = 60

/**
 * Connections of OAuth clients. Each is one row of mcp_token, however many access tokens it gets over time, so that
 * merchants see it once in their list of tokens and can revoke it for good.
 */
export default fp<{ clock: Clock }>(
  async (app, { clock }) => {
    const { database } = app
    const inSeconds = (seconds: number) => new Date(clock().getTime() + seconds * 1000)

    async function end({ id, userId }: { id: string; userId: string }, by: ConnectionEnd): Promise<void> {
      await app.tokens.revoke({ userId, connectionEnd: by }, { jti: id }).catch((error) => {
        if (!(error instanceof ServiceError && error.code === 'not_found')) throw error
      })
    }

    /**
     * Whether the sign-in of a connection still counts. Firebase is asked once a day; while it is away, the connection
     * waits rather than ends.
     */
    async function isSignInGood({
      jti,
      user_id: userId,
      firebase_uid: uid,
      ...connection
    }: Connection): Promise<boolean> {
      const now = clock()
      if (now.getTime() - connection.checked_at.getTime() < CHECKED_FOR_MS) return true
      try {
        if (uid === null) throw new ServiceError('unauthenticated', 'Nobody signs in as this user any more.')
        await app.firebase.requireSignIn(uid, connection.signed_in_at)
      } catch (error) {
        if (!(error instanceof ServiceError && error.code === 'unauthenticated')) throw error
        await end({ id: jti, userId }, 'the end of the sign-in')
        return false
      }
      await database.within({ userId }, 'write', (db) =>
        db.updateTable('mcp_token').set({ checked_at: now }).where('jti', '=', jti).execute(),
      )
      return true
    }

    app.decorate('connections', {
      async findUser(userId, id) {
        const [memberships, connection] = await database.within({ userId }, 'read', (db) =>
          Promise.all([findMemberships(db, userId), id === undefined ? undefined : findSignIn(db, id)]),
        )
        if (connection !== undefined && !(await isSignInGood(connection))) return null
        const businesses = chosenBusinesses(memberships, connection?.business_ids ?? null)
        if (businesses.length > 0) return { userId, businesses }
        if (id !== undefined) await noteMembershipGone(database, { userId }, { familyId: id }, clock())
        return null
      },

      findPolicies: (userId) => database.within({ userId }, 'read', findPolicies),

      async open(
        { id, userId, signedInAt, scopes, clientData, businessIds, label, clientHost, businessId },
        ttlSeconds,
      ) {
        await database.within({ userId }, 'write', async (db) => {
          await addToken(
            db,
            {
              jti: id,
              family_id: id,
              user_id: userId,
              label,
              client_host: clientHost,
              scopes,
              client_data: clientData,
              business_ids: businessIds,
              expires_at: inSeconds(ttlSeconds),
              signed_in_at: signedInAt,
              checked_at: clock(),
            },
            clock(),
          )
          await addAuditRows(db, {
            at: clock(),
            kind: 'connection',
            action: 'consented',
            principal: `user:${userId}`,
            credentialId: id,
            businessId,
          })
        })
      },

      async renew({ id, userId, client }, ttlSeconds) {
        return database.within({ userId }, 'write', async (db) => {
          const renewed = await db
            .updateTable('mcp_token')
            .set({
              expires_at: inSeconds(ttlSeconds),
              ...(client === undefined ? {} : { client: client.slice(0, 200) }),
            })
            .where('user_id', '=', userId)
            .where('jti', '=', id)
            .where('revoked_at', 'is', null)
            .where('expires_at', '<', inSeconds(ttlSeconds - RENEWAL_STEP_SECONDS))
            .returning('jti')
            .executeTakeFirst()
          if (renewed !== undefined) {
            // A client that never comes for its first token has a consent, but no connection.
            if (client !== undefined) {
              const principal = `user:${userId}`
              await addAuditRows(db, { at: clock(), kind: 'connection', action: 'opened', principal, credentialId: id })
            }
            return true
          }
          const live = await db
            .selectFrom('mcp_token')
            .select('jti')
            .where('user_id', '=', userId)
            .where('jti', '=', id)
            .where('revoked_at', 'is', null)
            .executeTakeFirst()
          return live !== undefined
        })
      },

      end: (connection) => end(connection, 'the client'),
    } satisfies Connections)
  },
  { name: 'oauth-connections', dependencies: ['postgres', 'firebase', 'tokens'] },
)

type Connection = NonNullable<Awaited<ReturnType<typeof findSignIn>>>
