/** A message kept for the client of a session, until its stream delivers it. */
export interface SessionEvent {
  /** Grows with time; a client names the last one that it saw in `Last-Event-ID`. */
  id: string
  /** JSON-RPC, serialised. */
  message: string
}

/** Why the holder of a session's stream is rung: something to deliver, another stream in its place, or the end. */
export type Ring = 'event' | 'ended' | `taken:${string}`

/** Messages to clients, kept for each session and shared by all instances; whoever holds the stream is rung. */
export interface SessionEvents {
  /**
   * Keeps messages for a session if what its client knows of its lists is not `lists`, and rings. One atomic step: of
   * several instances that notice a change, one tells it.
   * @param lists digest of the lists that the principal may see now
   * @param ttlSeconds how long the messages are kept
   */
  announce(
    sessionId: string,
    principal: string,
    lists: string,
    messages: readonly string[],
    ttlSeconds: number,
  ): Promise<void>
  /** The messages kept after an id, oldest first. */
  after(sessionId: string, id: string): Promise<SessionEvent[]>
  /** The id of the newest message; `FIRST_EVENT_ID` when there is none. */
  latest(sessionId: string): Promise<string>
  ring(sessionId: string, ring: Ring): Promise<void>
  /**
   * Listens for the rings of a session. After a loss of connection `event` is rung, as something may have been missed.
   * @returns what stops it
   */
  listen(sessionId: string, onRing: (ring: Ring) => void): Promise<() => void>
}

/** Before every message. */
export const FIRST_EVENT_ID = '0-0'

/** Messages kept for each session; older ones are dropped. They say that a list changed: the newest counts. */
export const MAX_EVENTS = 100
