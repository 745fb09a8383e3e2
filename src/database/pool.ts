import type { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { DB } from './types.ts'

// A local day is a plain date: pg would make a Date of it, in the zone of this process.
pg.types.setTypeParser(pg.types.builtins.DATE, (value) => value)

const NETWORK_GRACE_MS = 5000

export interface PoolOptions {
  size?: number
  connectTimeoutMs?: number
  statementTimeoutMs?: number
  /** Role to take on in every connection, where the login itself may do more. */
  role?: string
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
  const { size = 10, connectTimeoutMs = 3000, statementTimeoutMs, role, onError } = options
  const pool = new pg.Pool({
    connectionString,
    max: size,
    connectionTimeoutMillis: connectTimeoutMs,
    ...(statementTimeoutMs === undefined ? {} : { statement_timeout: statementTimeoutMs }),
    ...(role === undefined ? {} : { options: `-c role=${role}` }),
    application_name: 'flowpos-mcp',
  })
  // Without a listener, a connection that the server closes ends the process.
  pool.on('error', onError ?? (() => {}))
  pool.on('connect', (client) => {
    // The same while a query runs; the query itself fails with the reason.
    client.on('error', () => {})
    if (statementTimeoutMs === undefined) return
    // The server's own limit does not help when the network has lost it: no answer at all ends the connection, too.
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
    const limit = statementTimeoutMs + NETWORK_GRACE_MS
    stream.setTimeout(limit, () => stream.destroy(new Error('Connection terminated: no answer')))
  })
  return pool
}

/** Kysely over a pool; `destroy()` ends the pool. */
export function createKysely(pool: pg.Pool): Kysely<DB> {
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
}
