import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

export interface ListenerOptions {
  /** Called with the payload of each notification. */
  onNotification(payload: string): void
  /** Called when listening begins, and again after each lost connection: notifications in between were missed. */
  onListening(): void
  /** Called with the reason when listening fails; it is retried automatically. */
  onError(error: Error): void
}

const RETRY_AFTER_MS = 1000
const PING_EVERY_MS = 30_000
const PING_TIMEOUT_MS = 5000

/**
 * Listens to a channel of PostgreSQL on its own connection, for as long as the process lives. It needs a session:
 * through a pooler in transaction mode, no notification arrives.
 * @param connectionString a `postgres://` URL
 * @returns a function that stops it
 */
export function listenTo(connectionString: string, channel: string, options: ListenerOptions): () => Promise<void> {
  let stopped = false
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    const own = new pg.Client({
      connectionString,
      connectionTimeoutMillis: PING_TIMEOUT_MS,
      query_timeout: PING_TIMEOUT_MS,
      application_name: 'flowpos-mcp-listener',
    })
    client = own
    const failed = (error: Error) => {
      if (client !== own || stopped) return
      client = undefined
      clearTimeout(timer)
      options.onError(error)
      own
        .removeAllListeners('end')
        .end()
        .catch(() => {})
      timer = setTimeout(connect, RETRY_AFTER_MS).unref()
    }
    own.on('error', failed)
    own.on('end', () => failed(new Error('the connection ended')))
    own.on('notification', ({ payload = '' }) => options.onNotification(payload))
    // A connection that the network dropped looks idle: only an answer shows that notifications still arrive.
    const ping = () => {
      timer = setTimeout(() => own.query('select 1').then(ping, failed), PING_EVERY_MS).unref()
    }
    try {
      await own.connect()
      await own.query(`listen ${pg.escapeIdentifier(channel)}`)
      options.onListening()
      ping()
    } catch (error) {
      failed(error as Error)
    }
  }

  connect()
  return async () => {
    stopped = true
    clearTimeout(timer)
    // A server that hangs never answers the goodbye.
    await Promise.race([client?.end().catch(() => {}), delay(1000, undefined, { ref: false })])
  }
}
