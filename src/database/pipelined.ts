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
  /** Queries that are asked for without waiting in between go out together and are answered in order. */
  db: Kysely<DB>
  /** The same for statements of our own, which may be several in one text. */
  send(statements: string): Promise<void>
  /** From now on `db` refuses: the connection may already serve somebody else. */
  close(): void
}

/** A query and when it was under way, on the clock of the process in milliseconds. */
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
 * Kysely's own driver asks one query after the other; a connection in PostgreSQL's pipeline mode takes several in one
 * round trip: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 * @param client of a pool of `createPool`
 * @param log told of every query that was answered
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
        // What left together with a query that failed fails too, for no reason of its own.
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
  // Kysely's own provider makes sure at every query that its driver has been started; here there is nothing to start.
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

/** What is written to the stream before anything else happens leaves in one packet. */
export function gather(stream: Socket): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}
