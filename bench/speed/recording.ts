import { gather } from '../../src/database/pipelined.ts'
import { createPool, streamOf } from '../../src/database/pool.ts'
import type { Statement } from './statement-recorder.ts'

/** What the service did for a case, so that other servers can do the same. */
export interface Recording {
  /** The body of its answer, before and after the id. */
  before: string
  after: string
  /** Everything it sent to PostgreSQL, in order, including the transaction. */
  statements: Statement[]
}

/** Recordings by the name of the case. */
export type Recordings = Record<string, Recording>

/** The result in a recorded answer. */
export function resultOf({ before, after }: Recording): Record<string, unknown> {
  return (JSON.parse(`${before}null${after}`) as { result: Record<string, unknown> }).result
}

/**
 * Sends recorded statements over a pool like the service's.
 * @param isPipelined whether they are sent together rather than one after another
 * @returns a function that runs them on one connection and ignores the rows
 */
export function createReplay(databaseUrl: string, isPipelined = false) {
  const pool = createPool(databaseUrl, { statementTimeoutMs: 10_000 })
  return async (statements: readonly Statement[]): Promise<void> => {
    const client = await pool.connect()
    try {
      if (isPipelined) {
        gather(streamOf(client))
        await Promise.all(statements.map(({ text, values }) => client.query(text, values)))
      } else {
        for (const { text, values } of statements) await client.query(text, values)
      }
    } finally {
      client.release()
    }
  }
}
