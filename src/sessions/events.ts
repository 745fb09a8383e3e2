/** A message kept for a session's client until the stream delivers it. */
export interface SessionEvent {
  /** Increases with time; a client sends the last one that it saw as `Last-Event-ID`. */
  id: string
  /** JSON-RPC, serialised. */
  message: string
}

/**
 * Why those who listen for a session are notified: a message to deliver, a stream that replaces another, the end, or a
 * person's answer to the question of a call.
 */
export type Ring = 'event' | 'ended' | `taken:${string}` | `answer:${string}`

/** Messages to clients, kept per session and shared by all instances. A "ring" notifies the holder of the stream. */
export interface SessionEvents {
  /**
   * Stores messages for a session and rings, unless the client already knows `lists`. One atomic step: if several
   * instances notice a change, only one announces it.
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
   * Listens for the rings of a session. After a lost connection it rings `event`, as something may have been missed.
   * @returns a function that stops it
   */
  listen(sessionId: string, onRing: (ring: Ring) => void): Promise<() => void>
}

/** An id before that of every message. */
export const FIRST_EVENT_ID = '0-0'

/** How many messages are kept per session. They only say that a list changed, so older ones can be dropped. */
export const MAX_EVENTS = 100
