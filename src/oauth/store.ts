/** A stored value, and when it was used first. */
export interface OAuthRecord {
  value: string
  usedAt: Date | null
}

/** The authorization server's state, shared by all instances. */
export interface OAuthStore {
  find(key: string): Promise<OAuthRecord | null>
  /** Writes a value with its lifetime, replacing any earlier one. */
  save(key: string, value: string, ttlSeconds: number): Promise<void>
  /**
   * Marks a value as used. Of several simultaneous attempts, exactly one is the first.
   * @param now the time that is kept, if this is the first use
   * @param keptSeconds how long a used value is kept at most, so that another use is noticed
   * @returns whether this is the first use, and when that was; null if the value does not exist
   */
  use(key: string, now: Date, keptSeconds: number): Promise<{ isFirst: boolean; firstAt: Date } | null>
  /** Takes back a first use that was not before `since`: whoever used it got nothing for it. */
  takeBackUse(key: string, since: Date): Promise<void>
  /** Extends the lifetime of an existing value. */
  renew(key: string, ttlSeconds: number): Promise<void>
  remove(key: string): Promise<void>
}
