import fp from 'fastify-plugin'
import { addAuditRows } from '../../src/audit/audit-row.ts'
import { generateApiKey } from '../../src/auth/api-key.ts'
import { earlierOf, makerLeaves } from '../../src/auth/key-maker.ts'
import type { AuthorizedBusiness } from '../../src/auth/principal.ts'
import { describeBusiness } from '../../src/auth/principal.ts'
import type { ApiKey } from '../../src/auth/schemas.ts'
import { managesKeys, type Scope } from '../../src/auth/scopes.ts'
import { setAccess, type Transaction } from '../../src/database/database.ts'
import { ServiceError } from '../../src/errors.ts'
import { cleanOrNull } from '../../src/results/text.ts'
import type { Clock } from '../../src/time/clock.ts'

export interface NewApiKey {
  businessId: string
  role: 'merchant' | 'tenant_developer'
  scopes: Scope[]
  label: string
  expiresAt: Date | null
}

/** Who manages keys: a signed-in user with their current memberships. */
export interface KeyManager {
  userId: string
  businesses: readonly AuthorizedBusiness[]
}

export interface ApiKeys {
  /** @throws ServiceError `forbidden`, `conflict` when the business has too many */
  create(manager: KeyManager, key: NewApiKey): Promise<{ rawKey: string; key: ApiKey }>
  /** The keys of a business, newest first, at most `MAX_KEYS`. */
  list(manager: KeyManager, businessId: string): Promise<ApiKey[]>
  /** @throws ServiceError `not_found`, the same for a key that does not exist and for one they may not manage */
  revoke(manager: KeyManager, id: string): Promise<ApiKey>
  /** Revokes a key and hides it. Its row stays, so that the audit trail can name it. */
  remove(manager: KeyManager, id: string): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    apiKeys: ApiKeys
  }
}

const MAX_KEYS = 100

/** Keys as their managers see them. */
function keysOf(db: Transaction) {
  return db
    .selectFrom('mcp_api_key as k')
    .leftJoin('business_user as m', (join) =>
      join.onRef('m.business_id', '=', 'k.business_id').onRef('m.user_id', '=', 'k.created_by'),
    )
    .leftJoin('app_user as u', 'u.id', 'm.user_id')
    .select([
      'k.id',
      'k.business_id as businessId',
      'k.role',
      'k.scopes',
      'k.label',
      'k.is_active as isActive',
      'k.created_at as createdAt',
      'k.expires_at as expiresAt',
      'k.last_used_at as lastUsedAt',
      'k.created_by',
      'u.display_name',
      'u.email',
      'u.is_active as isUser',
      'm.is_active as isMember',
      'm.ended_at as endedAt',
    ])
}
type KeyRow = Awaited<ReturnType<ReturnType<typeof keysOf>['executeTakeFirstOrThrow']>>

function toApiKey({ created_by, display_name, email, isUser, isMember, endedAt, ...key }: KeyRow): ApiKey {
  const maker = isUser === null || isMember === null ? undefined : { isUser, isMember, endedAt }
  const endsAt = makerLeaves(created_by, maker)
  return {
    ...key,
    expiresAt: earlierOf(key.expiresAt, endsAt),
    createdBy: cleanOrNull(display_name ?? email, 100),
    makerHasLeft: endsAt !== null,
  }
}

/** API keys of a business, managed by its owners and admins. */
export default fp<{ clock: Clock }>(
  async (app, { clock }) => {
    const { database } = app

    const managedBy = ({ businesses }: KeyManager) => businesses.filter(({ role }) => managesKeys(role))
    // The nil UUID matches no business. It keeps the list from being empty, because `in ()` is not valid SQL.
    const managedIds = (manager: KeyManager) => [
      '00000000-0000-0000-0000-000000000000',
      ...managedBy(manager).map(({ id }) => id),
    ]

    function requireManaged(manager: KeyManager, businessId: string): void {
      const business = manager.businesses.find(({ id }) => id === businessId)
      if (business !== undefined && managesKeys(business.role)) return
      const managed = managedBy(manager).map(describeBusiness)
      throw new ServiceError(
        'forbidden',
        managed.length === 0
          ? 'API keys are managed by an owner or admin of a business, and you are neither in any.'
          : `You may manage API keys of: ${managed.join('; ')}.`,
      )
    }

    async function record(
      db: Transaction,
      manager: KeyManager,
      key: { id: string; businessId: string | null },
      action: 'made' | 'revoked' | 'deleted',
    ) {
      await addAuditRows(db, {
        at: clock(),
        kind: 'key',
        action,
        principal: `user:${manager.userId}`,
        credentialId: key.id,
        businessId: key.businessId,
      })
    }

    async function end(manager: KeyManager, id: string, action: 'revoked' | 'deleted'): Promise<ApiKey> {
      const ended = await database.within({ userId: manager.userId }, 'write', async (db) => {
        const key = await db
          .selectFrom('mcp_api_key')
          .select('business_id')
          .where('id', '=', id)
          .where('business_id', 'in', managedIds(manager))
          .where('hidden_at', 'is', null)
          .forUpdate()
          .executeTakeFirst()
        const businessId = key?.business_id
        if (businessId == null) return undefined
        // The members of the business, one of whom made the key, are visible only through it.
        await setAccess(db, { businessId })
        const hidden = action === 'deleted' ? { hidden_at: clock() } : {}
        await db
          .updateTable('mcp_api_key')
          .set({ is_active: false, ...hidden })
          .where('id', '=', id)
          .execute()
        await record(db, manager, { id, businessId }, action)
        return toApiKey(await keysOf(db).where('k.id', '=', id).executeTakeFirstOrThrow())
      })
      if (ended === undefined) {
        throw new ServiceError('not_found', 'There is no such API key among those that you manage.')
      }
      app.principals.forget(id)
      return ended
    }

    app.decorate('apiKeys', {
      async create(manager, { businessId, role, scopes, label, expiresAt }) {
        requireManaged(manager, businessId)
        if (expiresAt !== null && expiresAt <= clock()) {
          throw new ServiceError('invalid_argument', 'expiresAt must be in the future.')
        }
        const { rawKey, hash } = generateApiKey()
        const key = await database.within({ businessId }, 'write', async (db) => {
          // Two at the same moment take turns, so that the second counts the first.
          await db.selectFrom('business').select('id').where('id', '=', businessId).forNoKeyUpdate().execute()
          const { count } = await db
            .selectFrom('mcp_api_key')
            .select((eb) => eb.fn.countAll<string>().as('count'))
            .where('business_id', '=', businessId)
            .where('hidden_at', 'is', null)
            .executeTakeFirstOrThrow()
          if (Number(count) >= MAX_KEYS) {
            throw new ServiceError('conflict', `A business has at most ${MAX_KEYS} API keys. Delete one first.`)
          }
          const { id } = await db
            .insertInto('mcp_api_key')
            .values({
              business_id: businessId,
              role,
              scopes,
              label,
              key_hash: hash,
              expires_at: expiresAt,
              created_by: manager.userId,
              created_at: clock(),
            })
            .returning('id')
            .executeTakeFirstOrThrow()
          await record(db, manager, { id, businessId }, 'made')
          return toApiKey(await keysOf(db).where('k.id', '=', id).executeTakeFirstOrThrow())
        })
        app.credentialGuard.remember(rawKey)
        return { rawKey, key }
      },

      async list(manager, businessId) {
        requireManaged(manager, businessId)
        const rows = await database.within({ businessId }, 'read', (db) =>
          keysOf(db)
            .where('k.business_id', '=', businessId)
            .where('k.hidden_at', 'is', null)
            .orderBy('k.created_at', 'desc')
            .orderBy('k.id')
            .limit(MAX_KEYS)
            .execute(),
        )
        return rows.map(toApiKey)
      },

      revoke: (manager, id) => end(manager, id, 'revoked'),

      async remove(manager, id) {
        await end(manager, id, 'deleted')
      },
    } satisfies ApiKeys)
  },
  { name: 'api-keys', dependencies: ['postgres', 'principals', 'credential-guard'] },
)
