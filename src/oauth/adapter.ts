import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../time/clock.ts'
import { type Adapter, type AdapterPayload, errors } from './oidc-provider.ts'
import type { OAuthStore } from './store.ts'

/** How long a client that never got a token is kept; one that did is kept with its tokens. */
const UNUSED_CLIENT_TTL_SECONDS = 24 * 3600
/**
 * How long a refresh token works after its first use: clients send it several times when their calls meet its expiry,
 * and again when an answer was lost (RFC 9700 section 4.14.2 leaves this to the server).
 */
const GRACE_MS = 60_000
/** How long a used code or token is kept, so that another use of it ends the connection. */
const USED_TTL_SECONDS = 7 * 24 * 3600

export interface AdapterParts {
  store: OAuthStore
  clock: Clock
  /** Ends a grant, and so every token that came from it. */
  endGrant(grantId: string): Promise<void>
}

/**
 * The key of a stored model of oidc-provider. The id of a code or token is the code or token itself, so only its hash
 * is stored.
 */
export function keyOf(model: string, id: string): string {
  return `${model}:${hashOf(id)}`
}

/** Whether a client has sent the secret whose hash is stored. */
export function isSecret(sent: string, storedHash: string): boolean {
  const [a, b] = [Buffer.from(hashOf(sent)), Buffer.from(storedHash)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * One model of oidc-provider in the store.
 * @param model `Client`, `RefreshToken`, …
 */
export function createAdapter({ store, clock, endGrant }: AdapterParts, model: string): Adapter {
  const uidKey = (uid: string) => keyOf(`${model}:uid`, uid)

  /** Whether one more use of a value is refused. */
  function isSpent(firstUsedAt: Date): boolean {
    return model !== 'RefreshToken' || clock().getTime() - firstUsedAt.getTime() > GRACE_MS
  }

  async function find(id: string): Promise<AdapterPayload | undefined> {
    const record = await store.find(keyOf(model, id))
    if (record === null) return undefined
    const payload: AdapterPayload = JSON.parse(record.value)
    if (model !== 'Client') payload.jti = id
    return record.usedAt !== null && isSpent(record.usedAt) ? { ...payload, consumed: true } : payload
  }

  return {
    find,
    async upsert(id, { jti, ...payload }, ttlSeconds = UNUSED_CLIENT_TTL_SECONDS) {
      if (payload.client_secret !== undefined) payload.client_secret = hashOf(payload.client_secret)
      await Promise.all([
        store.save(keyOf(model, id), JSON.stringify(payload), ttlSeconds),
        // A session's id is in clear here, but of no use without the signature of its cookie.
        payload.uid === undefined ? undefined : store.save(uidKey(payload.uid), id, ttlSeconds),
      ])
    },
    async findByUid(uid) {
      const id = await store.find(uidKey(uid))
      return id === null ? undefined : find(id.value)
    },
    async findByUserCode() {},
    async consume(id) {
      const use = await store.use(keyOf(model, id), clock(), USED_TTL_SECONDS)
      if (use === null) throw new errors.InvalidGrant('not found')
      if (use.isFirst || !isSpent(use.firstAt)) return
      // The first use may be under way at this moment: what it gets must not work either (RFC 6749 section 4.1.2).
      const grantId = (await find(id))?.grantId
      if (grantId !== undefined) await endGrant(grantId)
      throw new errors.InvalidGrant('already used')
    },
    destroy: (id) => store.remove(keyOf(model, id)),
    // Nothing to do: the grant is deleted at the same time, and codes and refresh tokens are invalid without it.
    async revokeByGrantId() {},
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
