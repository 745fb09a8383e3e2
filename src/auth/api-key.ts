import { createHash, randomBytes } from 'node:crypto'

const PREFIX = 'fp_mcp_'

/** A new API key, and its hash to store. The key itself is shown once and never kept. */
export function generateApiKey(): { rawKey: string; hash: Buffer } {
  const rawKey = `${PREFIX}${randomBytes(32).toString('hex')}`
  return { rawKey, hash: hashApiKey(rawKey) }
}

/** SHA-256 of a key: enough for 256 random bits; a slow password hash would only cost time. */
export function hashApiKey(rawKey: string): Buffer {
  return createHash('sha256').update(rawKey).digest()
}

/** Whether a bearer credential looks like an API key rather than a token. */
export function looksLikeApiKey(credential: string): boolean {
  return credential.startsWith(PREFIX)
}
