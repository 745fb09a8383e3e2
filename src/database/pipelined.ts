import type { Socket } from 'node:net'
import {
  type ConnectionProvider,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type pg from 'pg'
import { streamOf } from './pool.ts'
import type { DB } from './types.ts'

/** Kysely over one connection, for as long as a transaction lasts. */
export interface PipelinedConnection {
  /** Queries issued without waiting in between are sent together and answered in order. */
  db: Kysely<DB>
  /** Sends statements of our own in the same way; one text may hold several. */
  send(statements: string): Promise<void>
  /** Makes `db` refuse further queries, because the connection may soon serve somebody else. */
  close(): void
}

/** A query, with its start and end on the process's clock, in milliseconds. */
export interface AnsweredQuery {
  sql: string
  parameters: readonly unknown[]
  from: number
  until: number
}

// SQLSTATE in_failed_sql_transaction
const IN_FAILED_TRANSACTION = '25P02'

const adapter = new PostgresAdapter()
const compiler = new PostgresQueryCompiler()
const driver = new DummyDriver()
const dialect: Dialect = {
  createAdapter: () => adapter,
  createDriver: () => driver,
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => compiler,
}

/**
 * A Kysely that uses PostgreSQL's pipeline mode, where several queries take one round trip; Kysely's own driver sends
 * one after another: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 * @param client from a pool made by `createPool`
 * @param log called for every query that was answered
 */
export function createPipelinedConnection(
  client: pg.PoolClient,
  log?: (query: AnsweredQuery) => void,
): PipelinedConnection {
  const stream = streamOf(client)
  let isOpen = true
  let failure: unknown
  const connection: DatabaseConnection = {
    async executeQuery({ sql, parameters }) {
      if (!isOpen) throw new Error('the transaction has ended')
      gather(stream)
      const from = performance.now()
      const { command, rowCount, rows } = await client.query(sql, [...parameters]).catch((error) => {
        // Queries sent along with one that fails also fail; the first failure is the cause.
        failure ??= error
        throw error.code === IN_FAILED_TRANSACTION ? failure : error
      })
      log?.({ sql, parameters, from, until: performance.now() })
      return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) }
    },
    streamQuery() {
      throw new Error('results are not streamed')
    },
  }
  // Kysely's own provider checks at every query that its driver has started; there is nothing to start here.
  const provider: ConnectionProvider = { provideConnection: (consumer) => consumer(connection) }
  const executor = new DefaultQueryExecutor(compiler, adapter, provider)
  return {
    db: new Kysely<DB>({ config: { dialect }, dialect, driver, executor }),
    async send(statements) {
      gather(stream)
      await client.query(statements)
    },
    close() {
      isOpen = false
    },
  }
}

/** Sends all that is written before the next tick in one packet. */
export function gather(stream: Socket): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}
