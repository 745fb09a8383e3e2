import { CompiledQuery, type Kysely } from 'kysely'
import pg from 'pg'
import { OutcomeUnknown, ServiceError, unavailable } from '../errors.ts'
import { createFairQueue, limitsFor, type QueueLimits, type Turn } from './fair-queue.ts'
import { type AnsweredQuery, createPipelinedConnection } from './pipelined.ts'
import { releaseUnanswered } from './pool.ts'
import type { DB } from './types.ts'
import { noSuchZone, readZone } from './zones.ts'

/** A Kysely bound to one open transaction. */
export type Transaction = Kysely<DB>

/**
 * What a transaction may see. Row-level security compares rows with these settings; while none of them is set, no
 * tenant's rows are visible.
 */
export interface Access {
  businessId?: string
  userId?: string
  firebaseUid?: string
  email?: string
  keyHash?: Buffer
  operator?: boolean
  /** Hides the shop's clients. It stays in force until the transaction ends. */
  clientsHidden?: boolean
}

/** A rehearsal does all that a write does, and rolls it back. */
export type Mode = 'read' | 'write' | 'rehearsal'

const BEGIN = {
  read: 'begin isolation level repeatable read, read only',
  write: 'begin',
  rehearsal: 'begin',
} as const
const END = { read: 'commit', write: 'commit', rehearsal: 'rollback' } as const

/** The database as the service uses it: every statement runs inside `within`. */
export type Database = ReturnType<typeof createDatabase>

export interface DatabaseOptions {
  /** Called for every query that was answered. */
  log?: (query: AnsweredQuery) => void
  /** How much runs at a time; by default, what the size of the pool allows. */
  limits?: QueueLimits
}

/** @param pool of a role that cannot bypass row security */
export function createDatabase(pool: pg.Pool, { log, limits = limitsFor(pool.options.max) }: DatabaseOptions = {}) {
  const queue = createFairQueue(limits)

  /**
   * Runs `work` in one transaction that sees what `access` allows. Reads share one snapshot, so that the figures of a
   * result agree with each other. Queries that `work` issues together take one round trip. The commit of a read is sent
   * but not awaited. `work` must not wait for another transaction: tenants take turns at the connections.
   * @param turn who asks, and whether the work is heavy
   * @throws ServiceError `unavailable` when the database is down or too slow, `rate_limited` when too many transactions
   *   of the same tenant wait already, `conflict` when another transaction got in the way, `invalid_argument` for a
   *   value that the database rejects; in all these cases nothing was written. OutcomeUnknown when a write may or may
   *   not have been committed
   */
  async function within<T>(
    access: Access,
    mode: Mode,
    work: (db: Transaction) => Promise<T>,
    turn: Partial<Turn> = {},
  ): Promise<T> {
    const release = await queue.take({ tenant: tenantOf(access), ...turn })
    try {
      return await run(access, mode, work)
    } finally {
      release()
    }
  }

  async function run<T>(access: Access, mode: Mode, work: (db: Transaction) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch((error) => {
      throw describe(error)
    })
    const { db, send, close } = createPipelinedConnection(client, log)
    const begun = send(`${BEGIN[mode]}; ${settings(access)}`)
    // Awaited below in every case; this only prevents an unhandled rejection.
    begun.catch(() => {})
    let isCommitting = false
    try {
      // A read need not wait for its settings: without them its queries see no rows. A write must not run without them.
      if (mode !== 'read') await begun
      const result = await work(db)
      await begun
      close()
      isCommitting = mode === 'write'
      const ended = send(END[mode])
      // The rows of a read are valid without the answer to its commit.
      if (mode === 'read') releaseUnanswered(client, ended)
      else {
        await ended
        client.release()
      }
      return result
    } catch (error) {
      close()
      const first = await begun.then(
        () => error,
        (failure: unknown) => failure,
      )
      // The pool discards a connection that cannot roll back. The first error is the one that matters.
      await send('rollback').catch(() => {})
      client.release()
      throw isCommitting && isAway(first) ? new OutcomeUnknown(first) : describe(first)
    }
  }

  return {
    within,
    /**
     * Has the process learn when the clocks of a zone change.
     * @throws ServiceError `invalid_argument` for a zone that the database does not know
     */
    async readZone(timezone: string): Promise<void> {
      try {
        await readZone(pool, timezone)
      } catch (error) {
        throw isMalformedValue(error) ? noSuchZone(timezone, error) : describe(error)
      }
    },
    /** One cheap round trip. @throws ServiceError `unavailable` when the database does not answer */
    async ping(): Promise<void> {
      try {
        await pool.query('select 1')
      } catch (error) {
        throw describe(error)
      }
    },
  }
}

/** Whose turn it is. All look-ups of API keys share one: anybody can make up a key. */
function tenantOf({ businessId, userId, firebaseUid, email, operator }: Access): string {
  return businessId ?? userId ?? firebaseUid ?? email ?? (operator ? 'operators' : 'keys')
}

/** The database for somebody who may not see the shop's clients. */
export function withoutClients(database: Database): Database {
  return {
    ...database,
    within: (access, mode, work, turn) => database.within({ ...access, clientsHidden: true }, mode, work, turn),
  }
}

/** An expected failure of the database in our terms; any other as it is. */
function describe(error: unknown): unknown {
  if (isAway(error)) return unavailable('The database', error)
  if (isContention(error)) {
    return new ServiceError('conflict', 'Another change of the same rows got in the way. Nothing was written.', {
      retryAfterSeconds: 1,
      cause: error,
    })
  }
  if (isMalformedValue(error)) {
    return new ServiceError('invalid_argument', 'A value is malformed or out of range.', { cause: error })
  }
  return error
}

/** Changes what an open transaction sees, once it has found out whose it is. */
export async function setAccess(db: Transaction, access: Access): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(settings(access)))
}

function settings(access: Access): string {
  const values: Record<string, string | undefined> = {
    'app.business_id': access.businessId,
    'app.user_id': access.userId,
    'app.firebase_uid': access.firebaseUid,
    'app.email': access.email,
    'app.key_hash': access.keyHash && `\\x${access.keyHash.toString('hex')}`,
    'app.operator': access.operator ? 'on' : undefined,
    'app.clients_hidden': access.clientsHidden ? 'on' : undefined,
  }
  const calls = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `set_config('${name}', ${pg.escapeLiteral(value as string)}, true)`)
  if (calls.length === 0) throw new Error('a transaction needs an access')
  return `select ${calls.join(', ')}`
}

// SQLSTATE classes: 08 connection, 53 resources, 57P01-57P03 shutdown and start-up, 57014 statement timeout, 25P03 and
// 25P04 transaction timeouts.
const AWAY = /^(08...|53...|57P0[123]|57014|25P0[34])$/
const AWAY_NODE = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
])

function isAway(error: unknown): boolean {
  if (error instanceof ServiceError || !(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return AWAY.test(code) || AWAY_NODE.has(code)
  // pg reports its own timeouts and lost connections without a code.
  return /timeout|Connection terminated|not queryable/i.test(error.message)
}

// SQLSTATE 40001 serialization failure, 40P01 deadlock, 55P03 lock not available.
function isContention(error: unknown): boolean {
  return /^(40001|40P01|55P03)$/.test(String((error as { code?: unknown }).code ?? ''))
}

// SQLSTATE class 22 except division by zero: values that pass their schema but that the database rejects, such as a
// NUL character in a text, or the content of a forged cursor.
function isMalformedValue(error: unknown): boolean {
  return /^22(?!012)/.test(String((error as { code?: unknown }).code ?? ''))
}
