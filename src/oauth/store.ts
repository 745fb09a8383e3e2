/** A stored value and whether it was used up. */
export interface OAuthRecord {
  value: string
  consumed: boolean
}

/** State of the authorization server, shared by all instances. */
export interface OAuthStore {
  find(key: string): Promise<OAuthRecord | null>
  /** Writes a value together with its life; what was there before is gone. */
  save(key: string, value: string, ttlSeconds: number): Promise<void>
  /**
   * Uses a value up: of several attempts at the same time, exactly one succeeds.
   * @returns false when it was used before or is not there
   */
  consume(key: string): Promise<boolean>
  /** Gives a value that is there a new life. */
  renew(key: string, ttlSeconds: number): Promise<void>
  remove(key: string): Promise<void>
}
