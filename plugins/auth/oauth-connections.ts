import fp from 'fastify-plugin'
import { addAuditRows } from '../../src/audit/audit-row.ts'
import { findMemberships } from '../../src/auth/memberships.ts'
import { addToken } from '../../src/auth/token-families.ts'
import { ServiceError } from '../../src/errors.ts'
import type { Connections } from '../../src/oauth/connections.ts'
import type { Clock } from '../../src/time/clock.ts'

declare module 'fastify' {
  interface FastifyInstance {
    connections: Connections
  }
}

/**
 * Connections of OAuth clients. Each is one row of mcp_token, however many access tokens it gets over time, so that
 * merchants see it once in their list of tokens and can revoke it for good.
 */
export default fp<{ clock: Clock }>(
  async (app, { clock }) => {
    const { database } = app
    const inSeconds = (seconds: number) => new Date(clock().getTime() + seconds * 1000)

    app.decorate('connections', {
      async findUser(userId) {
        const businesses = await database.within({ userId }, 'read', (db) => findMemberships(db, userId))
        return businesses.length === 0 ? null : { userId, businesses }
      },

      async open({ id, userId, scopes, label, client }, ttlSeconds) {
        await database.within({ userId }, 'write', async (db) => {
          await addToken(
            db,
            {
              jti: id,
              family_id: id,
              user_id: userId,
              label,
              client: client?.slice(0, 200) ?? null,
              scopes,
              expires_at: inSeconds(ttlSeconds),
              signed_in_at: clock(),
              checked_at: clock(),
            },
            clock(),
          )
          await addAuditRows(db, {
            at: clock(),
            kind: 'connection',
            action: 'opened',
            principal: `user:${userId}`,
            credentialId: id,
          })
        })
      },

      async renew({ id, userId }, ttlSeconds) {
        const renewed = await database.within({ userId }, 'write', (db) =>
          db
            .updateTable('mcp_token')
            .set({ expires_at: inSeconds(ttlSeconds) })
            .where('user_id', '=', userId)
            .where('jti', '=', id)
            .where('revoked_at', 'is', null)
            .returning('jti')
            .executeTakeFirst(),
        )
        return renewed !== undefined
      },

      async end({ id, userId }) {
        await app.tokens.revoke({ userId, isClient: true }, { jti: id }).catch((error) => {
          if (!(error instanceof ServiceError && error.code === 'not_found')) throw error
        })
      },
    } satisfies Connections)
  },
  { name: 'oauth-connections', dependencies: ['postgres', 'tokens'] },
)
