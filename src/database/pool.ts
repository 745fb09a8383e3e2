import type { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { DB } from './types.ts'

// A local day is a plain date: pg would make a Date of it, in the zone of this process.
pg.types.setTypeParser(pg.types.builtins.DATE, (value) => value)

const NETWORK_GRACE_MS = 2000
// Compiling a plan, or starting workers for it, takes longer than any query here; on large tables PostgreSQL would.
const SHORT_QUERIES = 'set jit = off; set max_parallel_workers_per_gather = 0'

export interface PoolOptions {
  size?: number
  /** Longest wait for a connection, and for the first answer to whoever got it. */
  connectTimeoutMs?: number
  /** Limit of a statement, and of the time that an open transaction may lie idle. */
  statementTimeoutMs?: number
  /** Role to take on in every connection, where the login itself may do more. */
  role?: string
  /** Looks at each new connection; one that it rejects is not used. */
  check?: (client: pg.ClientBase) => Promise<void>
  /** Told of connections that fail while idle. */
  onError?: (error: Error) => void
}

/** The role that owns nothing and cannot bypass row security; made by the first migration. */
export const SERVICE_ROLE = 'flowpos_service'

/**
 * A pool of connections. Numbers arrive as decimal strings, dates as `YYYY-MM-DD`, instants as Date.
 * @param connectionString a `postgres://` URL
 */
export function createPool(connectionString: string, options: PoolOptions = {}): pg.Pool {
  const { size = 10, connectTimeoutMs = 3000, statementTimeoutMs, role, check, onError } = options
  const pool = new pg.Pool({
    connectionString,
    max: size,
    // A query does not wait for the answer to the one before.
    pipeline: true,
    connectionTimeoutMillis: connectTimeoutMs,
    ...(statementTimeoutMs === undefined
      ? {}
      : { statement_timeout: statementTimeoutMs, idle_in_transaction_session_timeout: statementTimeoutMs }),
    ...(role === undefined ? {} : { options: `-c role=${role}` }),
    application_name: 'flowpos-mcp',
    async onConnect(client) {
      // Without a listener, a connection lost under a query ends the process; the query itself fails with the reason.
      client.on('error', () => {})
      const stream = streamOf(client)
      stream.on('timeout', () => stream.destroy(new Error('Connection terminated: no answer')))
      stream.setTimeout(connectTimeoutMs)
      await client.query(SHORT_QUERIES)
      await check?.(client)
    },
  })
  // The same while it is idle.
  pool.on('error', onError ?? (() => {}))
  // The server's own limits do not help when the network has lost it, or when it hangs: silence ends the connection, too.
  // What comes first is the begin of a transaction, or the end of the one before, which take no time.
  pool.on('acquire', (client) => {
    idle.delete(client)
    if (statementTimeoutMs === undefined) return void streamOf(client).setTimeout(0)
    const limit = statementTimeoutMs + NETWORK_GRACE_MS
    const stream = streamOf(client).setTimeout(connectTimeoutMs)
    stream.once('data', () => stream.setTimeout(limit))
  })
  pool.on('release', (_error, client) => {
    idle.add(client)
    if (!unanswered.has(client)) streamOf(client).setTimeout(0)
  })
  return pool
}

const idle = new WeakSet<pg.ClientBase>()
const unanswered = new WeakSet<pg.ClientBase>()

/**
 * Gives a connection back while the answer to its last statement is still to come: what is sent on it next goes out
 * together with that statement. Where the statement fails, or no answer comes, the connection ends.
 */
export function releaseUnanswered(client: pg.PoolClient, answer: Promise<void>): void {
  unanswered.add(client)
  client.release()
  answer.then(
    () => {
      unanswered.delete(client)
      if (idle.has(client)) streamOf(client).setTimeout(0)
    },
    () => streamOf(client).destroy(),
  )
}

/** The socket of a connection; with TLS, what runs over it. */
export function streamOf(client: pg.ClientBase): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream
}

/** Kysely over a pool; `destroy()` ends the pool. */
export function createKysely(pool: pg.Pool): Kysely<DB> {
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
}
