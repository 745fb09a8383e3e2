/** The record of an MCP session: facts about a conversation, never a proof of identity. */
export interface SessionRecord {
  /** `ref` of the principal that the session belongs to. */
  principal: string
  businessId?: string | undefined
  /** Digest of the lists that the client last saw or was notified of. */
  lists?: string | undefined
  protocolVersion?: string | undefined
  client?: string | undefined
  /** Whether the client shows its person forms. */
  showsForms?: boolean | undefined
  /** When it expires, in seconds since 1970. */
  expiresAt?: number | undefined
}

export interface SessionState {
  /** `ended` after DELETE; null if there is no session (unknown or expired). */
  session: SessionRecord | 'ended' | null
  /** The last choice of business with the same credential, in any session. */
  lastBusinessId: string | null
}

/** Sessions and choices, shared by all instances. Every method is one round trip. */
export interface SessionStore {
  /**
   * @param sessionId undefined for a request without a session; then only the choice is read
   * @param credential whose last choice is read; undefined if there is nothing to choose
   */
  read(sessionId: string | undefined, credential: string | undefined): Promise<SessionState>
  /** Creates a record with its lifetime in seconds, unless there is one by now. */
  save(sessionId: string, record: SessionRecord, ttlSeconds: number): Promise<void>
  /** Extends a session to `expiresAt`, which is in `ttlSeconds`, if it is still this principal's. */
  renew(sessionId: string, principal: string, expiresAt: number, ttlSeconds: number): Promise<void>
  /** Stores a choice for the session, if it is still this principal's, and as the credential's last choice. */
  chooseBusiness(
    sessionId: string | undefined,
    owner: { principal: string; credential: string },
    businessId: string,
  ): Promise<void>
  /** Stores which lists a session's client has seen, if the session is still this principal's. */
  noteLists(sessionId: string, principal: string, lists: string): Promise<void>
  /** Ends a session for good: its id is remembered as ended for `ttlSeconds`. */
  end(sessionId: string, ttlSeconds: number): Promise<void>
  /** Writes something small. @throws when the store does not take it */
  ping(): Promise<void>
}

/** How long a credential's last choice is remembered. */
export const CHOICE_TTL_SECONDS = 90 * 24 * 3600
