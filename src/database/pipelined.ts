import type { Socket } from 'node:net'
import {
  type DatabaseConnection,
  type Dialect,
  DummyDriver,
  Kysely,
  type Logger,
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

const adapter = new PostgresAdapter()
const compiler = new PostgresQueryCompiler()

/**
 * Kysely's own driver asks one query after the other; a connection in PostgreSQL's pipeline mode takes several in one
 * round trip: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 * @param client of a pool of `createPool`
 */
export function createPipelinedConnection(client: pg.PoolClient, log?: Logger): PipelinedConnection {
  const stream = streamOf(client)
  let isOpen = true
  const connection: DatabaseConnection = {
    async executeQuery({ sql, parameters }) {
      if (!isOpen) throw new Error('the transaction has ended')
      gather(stream)
      const { command, rowCount, rows } = await client.query(sql, [...parameters])
      return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) }
    },
    streamQuery() {
      throw new Error('results are not streamed')
    },
  }
  const dialect: Dialect = {
    createAdapter: () => adapter,
    createDriver: () => new ConnectionDriver(connection),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => compiler,
  }
  return {
    db: new Kysely<DB>({ dialect, ...(log === undefined ? {} : { log }) }),
    async send(statements) {
      gather(stream)
      await client.query(statements)
    },
    close() {
      isOpen = false
    },
  }
}

class ConnectionDriver extends DummyDriver {
  readonly #connection: DatabaseConnection

  constructor(connection: DatabaseConnection) {
    super()
    this.#connection = connection
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }
}

/** What is written to the stream before anything else happens leaves in one packet. */
function gather(stream: Socket): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}
