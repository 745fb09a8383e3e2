import fp from 'fastify-plugin'
import { generateApiKey } from '../../src/auth/api-key.ts'
import type { AuthorizedBusiness } from '../../src/auth/principal.ts'
import { describeBusiness } from '../../src/auth/principal.ts'
import type { ApiKey } from '../../src/auth/schemas.ts'
import { managesKeys, type Scope } from '../../src/auth/scopes.ts'
import { ServiceError } from '../../src/errors.ts'
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
  remove(manager: KeyManager, id: string): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    apiKeys: ApiKeys
  }
}

const MAX_KEYS = 100
const COLUMNS = [
  'id',
  'business_id as businessId',
  'role',
  'scopes',
  'label',
  'is_active as isActive',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'last_used_at as lastUsedAt',
] as const

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

    const changed = (id: string, key: ApiKey | undefined): ApiKey => {
      if (key === undefined) {
        throw new ServiceError('not_found', 'There is no such API key among those that you manage.')
      }
      app.principals.forget(id)
      return key
    }

    app.decorate('apiKeys', {
      async create(manager, { businessId, role, scopes, label, expiresAt }) {
        requireManaged(manager, businessId)
        if (expiresAt !== null && expiresAt <= clock()) {
          throw new ServiceError('invalid_argument', 'expiresAt must be in the future.')
        }
        const { rawKey, hash } = generateApiKey()
        const key = await database.within({ businessId }, 'write', async (db) => {
          const { count } = await db
            .selectFrom('mcp_api_key')
            .select((eb) => eb.fn.countAll<string>().as('count'))
            .where('business_id', '=', businessId)
            .executeTakeFirstOrThrow()
          if (Number(count) >= MAX_KEYS) {
            throw new ServiceError('conflict', `A business has at most ${MAX_KEYS} API keys. Delete one first.`)
          }
          return db
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
            .returning(COLUMNS)
            .executeTakeFirstOrThrow()
        })
        app.credentialGuard.remember(rawKey)
        return { rawKey, key }
      },

      async list(manager, businessId) {
        requireManaged(manager, businessId)
        return database.within({ businessId }, 'read', (db) =>
          db
            .selectFrom('mcp_api_key')
            .select(COLUMNS)
            .where('business_id', '=', businessId)
            .orderBy('created_at', 'desc')
            .orderBy('id')
            .limit(MAX_KEYS)
            .execute(),
        )
      },

      async revoke(manager, id) {
        const key = await database.within({ userId: manager.userId }, 'write', (db) =>
          db
            .updateTable('mcp_api_key')
            .set({ is_active: false })
            .where('id', '=', id)
            .where('business_id', 'in', managedIds(manager))
            .returning(COLUMNS)
            .executeTakeFirst(),
        )
        return changed(id, key)
      },

      async remove(manager, id) {
        const key = await database.within({ userId: manager.userId }, 'write', (db) =>
          db
            .deleteFrom('mcp_api_key')
            .where('id', '=', id)
            .where('business_id', 'in', managedIds(manager))
            .returning(COLUMNS)
            .executeTakeFirst(),
        )
        changed(id, key)
      },
    } satisfies ApiKeys)
  },
  { name: 'api-keys', dependencies: ['postgres', 'principals', 'credential-guard'] },
)
