import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import type { Principal } from '../../../src/auth/principal.ts'
import type { Registry } from '../../../src/mcp/registry.ts'
import { FIRST_EVENT_ID, type Ring, type SessionEvents } from '../../../src/sessions/events.ts'
import type { SessionRecord } from '../../../src/sessions/store.ts'
import { EventStream } from './event-stream.ts'
import type { Watcher } from './watchers.ts'

export interface StreamOptions extends Pick<Watcher, 'principal' | 'renew'> {
  sessionId: string
  session: SessionRecord
  /** `Last-Event-ID`: the stream first delivers the messages after it. */
  lastEventId: string | undefined
  protocolVersion: string | undefined
  /** How long undelivered messages are kept, in seconds. */
  ttlSeconds: number
}

/** What all streams of an instance share. */
export interface StreamParts {
  events: SessionEvents
  registry: Registry
  log: FastifyBaseLogger
  watch(watcher: Watcher): () => void
  /** Looks what a watcher's principal may see now. */
  look(watcher: Watcher): Promise<void>
  onClose(stream: SessionStream): void
}

const EVENT_ID = /^\d{1,20}-\d{1,20}$/
// MCP 2025-11-25, transports: a first event with an id and empty data lets the client resume from the start.
const FIRST_PRIMED_REVISION = '2025-11-25'

const LISTS_CHANGED = ['tools', 'prompts', 'resources'].map((list) =>
  JSON.stringify({ jsonrpc: '2.0', method: `notifications/${list}/list_changed` }),
)

/** The live stream of a session, of which there is one over all instances. It delivers the session's messages. */
export class SessionStream implements Watcher {
  principal: Principal
  readonly renew: () => Promise<Principal>
  readonly #parts: StreamParts
  readonly #sessionId: string
  readonly #ttlSeconds: number
  readonly #wire: EventStream
  readonly #id = randomUUID()
  #cursor = FIRST_EVENT_ID
  #stopListening: (() => void) | undefined
  #isEnded = false
  #isHeard = false
  #isRung = false
  #isDelivering = false

  /** @throws ServiceError `rate_limited` when the principal has too many open */
  constructor(response: ServerResponse, options: StreamOptions, parts: StreamParts) {
    this.principal = options.principal
    this.renew = options.renew
    this.#sessionId = options.sessionId
    this.#ttlSeconds = options.ttlSeconds
    this.#parts = parts
    const stopWatching = parts.watch(this)
    this.#wire = new EventStream(response, () => {
      stopWatching()
      this.#stopListening?.()
      parts.onClose(this)
    })
  }

  /**
   * Listens for the session's rings, and replaces its previous stream, on whatever instance that is.
   * @returns false when the client has gone in the meantime
   * @throws ServiceError `unavailable`; the response can then be used for another answer
   */
  async takeOver(lastEventId: string | undefined): Promise<boolean> {
    const { events } = this.#parts
    try {
      const [latest] = await Promise.all([events.latest(this.#sessionId), this.#listen()])
      this.#cursor = lastEventId !== undefined && EVENT_ID.test(lastEventId) ? lastEventId : latest
      await events.ring(this.#sessionId, `taken:${this.#id}`)
    } catch (error) {
      this.#wire.release()
      throw error
    }
    if (this.#wire.isGone) this.#wire.release()
    return !this.#wire.isGone
  }

  /** Begins the answer. */
  open(headers: OutgoingHttpHeaders, protocolVersion = ''): void {
    this.#wire.open(headers)
    if (protocolVersion >= FIRST_PRIMED_REVISION) this.#wire.send({ id: this.#cursor, data: '' })
    else this.#wire.comment('open')
  }

  /** Announces what changed before or while the stream was opened, and delivers the messages that wait for it. */
  async bringUpToDate(): Promise<void> {
    if (this.#isEnded) return this.end()
    await this.#parts.look(this)
  }

  async onRenewed(): Promise<void> {
    await this.#announce()
    // Catches messages whose ring was lost.
    await this.#deliver()
  }

  /** Keeps proxies from closing an idle connection, and finds clients that are gone. */
  keepAlive(): void {
    this.#wire.comment('keep-alive')
  }

  end(): void {
    this.#isEnded = true
    this.#wire.end()
  }

  /** Ends because the instance closes. Random delays keep clients from all reconnecting to the others at once. */
  leave(): void {
    this.#wire.retry(Math.round(200 + Math.random() * 1800))
    this.end()
  }

  async #listen(): Promise<void> {
    const stop = await this.#parts.events.listen(this.#sessionId, (ring) => this.#onRing(ring))
    // The client may have gone while the subscription was made.
    if (this.#wire.isGone) stop()
    else this.#stopListening = stop
  }

  #onRing(ring: Ring): void {
    if (ring.startsWith('answer:')) return
    if (ring === 'event') void this.#deliver()
    else if (ring === `taken:${this.#id}`) this.#isHeard = true
    // When two streams start together, each ends at the other's ring if it has heard its own: the last to ring stays.
    else if (this.#isHeard || ring === 'ended') this.end()
  }

  #announce(): Promise<void> {
    const { events, registry } = this.#parts
    const { digest } = registry.list(this.principal)
    return events.announce(this.#sessionId, this.principal.ref, digest, LISTS_CHANGED, this.#ttlSeconds)
  }

  /** Delivers what came after the last message; never runs twice at a time, however often it is rung. */
  async #deliver(): Promise<void> {
    this.#isRung = true
    if (this.#isDelivering) return
    this.#isDelivering = true
    try {
      while (this.#isRung && this.#wire.isOpen) {
        this.#isRung = false
        for (const { id, message } of await this.#parts.events.after(this.#sessionId, this.#cursor)) {
          if (!this.#wire.isOpen) return
          this.#wire.send({ id, event: 'message', data: message })
          this.#cursor = id
        }
      }
    } catch (err) {
      this.#parts.log.warn({ err }, 'messages of a session could not be read')
    } finally {
      this.#isDelivering = false
    }
  }
}
