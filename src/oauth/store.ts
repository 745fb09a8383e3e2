/** A stored value, and whether it has been used. */
export interface OAuthRecord {
  value: string
  consumed: boolean
}

/** The authorization server's state, shared by all instances. */
export interface OAuthStore {
  find(key: string): Promise<OAuthRecord | null>
  /** Writes a value with its lifetime, replacing any earlier one. */
  save(key: string, value: string, ttlSeconds: number): Promise<void>
  /**
   * Marks a value as used. Of several simultaneous attempts, exactly one succeeds.
   * @returns false if it has already been used or does not exist
   */
  consume(key: string): Promise<boolean>
  /** Extends the lifetime of an existing value. */
  renew(key: string, ttlSeconds: number): Promise<void>
  remove(key: string): Promise<void>
}
