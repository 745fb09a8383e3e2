import { type Adapter, type AdapterPayload, errors } from './oidc-provider.ts'
import type { OAuthStore } from './store.ts'

/** How long a client that never got a token is kept; one that did is kept with its tokens. */
const UNUSED_CLIENT_TTL_SECONDS = 14 * 24 * 3600

/** The key of a stored model of oidc-provider. */
export function keyOf(model: string, id: string): string {
  return `${model}:${id}`
}

/**
 * One model of oidc-provider in the store.
 * @param model `Client`, `Grant`, `RefreshToken`, …
 */
export function createAdapter(store: OAuthStore, model: string): Adapter {
  const uidKey = (uid: string) => keyOf(`${model}:uid`, uid)

  async function find(id: string): Promise<AdapterPayload | undefined> {
    const record = await store.find(keyOf(model, id))
    if (record === null) return undefined
    const payload = JSON.parse(record.value) as AdapterPayload
    return record.consumed ? { ...payload, consumed: true } : payload
  }

  return {
    find,
    async upsert(id, payload, ttlSeconds = UNUSED_CLIENT_TTL_SECONDS) {
      await Promise.all([
        store.save(keyOf(model, id), JSON.stringify(payload), ttlSeconds),
        payload.uid === undefined ? undefined : store.save(uidKey(payload.uid), id, ttlSeconds),
      ])
    },
    async findByUid(uid) {
      const id = await store.find(uidKey(uid))
      return id === null ? undefined : find(id.value)
    },
    async findByUserCode() {},
    async consume(id) {
      if (await store.consume(keyOf(model, id))) return
      throw new errors.InvalidGrant('already used')
    },
    destroy: (id) => store.remove(keyOf(model, id)),
    // Nothing to do: the grant is deleted at the same time, and codes and refresh tokens are invalid without it.
    async revokeByGrantId() {},
  }
}
