import type { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { DB } from './types.ts'

// A local day is a plain date. pg would turn it into a Date in the time zone of this process.
pg.types.setTypeParser(pg.types.builtins.DATE, (value) => value)

const NETWORK_GRACE_MS = 2000
// On large tables PostgreSQL would compile plans and start workers, which takes longer than any query here.
// Sums of each client of a large business take 20 MB; with 8, the default, they would be written to files and read again.
// Every query reads one business and mostly some days, which lie together: with the default, meant for spinning disks,
// PostgreSQL would read the whole table of all years and businesses instead.
const SHORT_QUERIES =
  'set jit = off; set max_parallel_workers_per_gather = 0; set hash_mem_multiplier = 8; set random_page_cost = 1.1'

export interface PoolOptions {
  size?: number
  /** Longest wait for a connection, and then for the first answer on it. */
  connectTimeoutMs?: number
  /** Longest time for a statement, and for an open transaction to be idle. */
  statementTimeoutMs?: number
  /** Role to assume on every connection, for a login that has more rights. */
  role?: string
  /** Checks each new connection; one that it rejects is not used. */
  check?: (client: pg.ClientBase) => Promise<void>
  /** Called when an idle connection fails. */
  onError?: (error: Error) => void
}

/** The role that owns nothing and cannot bypass row security; created by the first migration. */
export const SERVICE_ROLE = 'flowpos_service'

/** The role of the commands: a member of the service's, and what only commands need. */
export const COMMANDS_ROLE = 'flowpos_commands'

/**
 * A pool of connections. It returns numbers as decimal strings, dates as `YYYY-MM-DD`, instants as Date.
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
      // Without a listener, a connection lost during a query would end the process. The query itself gets the error.
      client.on('error', () => {})
      const stream = streamOf(client)
      stream.on('timeout', () => stream.destroy(new Error('Connection terminated: no answer')))
      stream.setTimeout(connectTimeoutMs)
      await client.query(SHORT_QUERIES)
      await check?.(client)
    },
  })
  // The same for idle connections.
  pool.on('error', onError ?? (() => {}))
  // The server's own limits do not help when it hangs or the network is down, so silence ends the connection, too. The
  // first answer is to a BEGIN or to the end of the previous transaction, which take no time.
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
 * Gives a connection back before its last statement is answered, so that the next statements follow without a wait. If
 * that statement fails or gets no answer, the connection is destroyed.
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

/** The socket of a connection; with TLS, the stream on top of it. */
export function streamOf(client: pg.ClientBase): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream
}

/** Kysely over a pool; `destroy()` ends the pool. */
export function createKysely(pool: pg.Pool): Kysely<DB> {
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
}
