import { LRUCache } from 'lru-cache'
import type { OAuthRecord, OAuthStore } from '../src/oauth/store.ts'

/** The authorization server's state in this process's memory, for a single instance: the demo without Redis. */
export function createMemoryOAuthStore(): OAuthStore {
  const records = new LRUCache<string, OAuthRecord>({ max: 10_000 })

  return {
    async find(key) {
      return records.get(key) ?? null
    },
    async save(key, value, ttlSeconds) {
      records.set(key, { value, usedAt: null }, { ttl: ttlSeconds * 1000 })
    },
    async use(key, now, keptSeconds) {
      const record = records.get(key)
      if (record === undefined) return null
      const isFirst = record.usedAt === null
      record.usedAt ??= now
      const ttl = Math.min(records.getRemainingTTL(key), keptSeconds * 1000)
      if (isFirst) records.set(key, record, { ttl })
      return { isFirst, firstAt: record.usedAt }
    },
    async takeBackUse(key, since) {
      const record = records.get(key)
      if (record?.usedAt != null && record.usedAt >= since) record.usedAt = null
    },
    async renew(key, ttlSeconds) {
      const record = records.get(key)
      if (record !== undefined) records.set(key, record, { ttl: ttlSeconds * 1000 })
    },
    async remove(key) {
      records.delete(key)
    },
  }
}
