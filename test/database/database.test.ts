import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDatabase, type Database, type Transaction } from '../../src/database/database.ts'
import { createPool, SERVICE_ROLE } from '../../src/database/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let db: TestDatabase
let database: Database
let end: () => Promise<void>

beforeAll(async () => {
  db = await createTestDatabase()
  // One connection, so that each transaction gets the one that was used before.
  const pool = createPool(db.ownerUrl, { size: 1, role: SERVICE_ROLE })
  database = createDatabase(pool)
  end = () => pool.end()
})
afterAll(async () => {
  await end?.()
  await db?.close()
})

const settingOf = async (trx: Transaction) => {
  const { rows } = await sql<{ value: string }>`select current_setting('app.user_id', true) as value`.execute(trx)
  return rows[0]?.value
}
const USER = '00000000-0000-4000-8000-000000000001'

it('queries sent together each get their own rows', async () => {
  const numbers = Array.from({ length: 20 }, (_, number) => number)
  const rows = await database.within({ userId: USER }, 'read', (trx) =>
    Promise.all(numbers.map((number) => sql<{ n: number }>`select ${number}::int as n`.execute(trx))),
  )
  expect(rows.map((result) => result.rows[0]?.n)).toEqual(numbers)
})

it('a read is over when it is answered: the next user of its connection has a new transaction', async () => {
  const others = Array.from({ length: 20 }, (_, number) => `00000000-0000-4000-8000-0000000000${number + 10}`)
  const seen = await Promise.all(others.map((userId) => database.within({ userId }, 'read', settingOf)))
  expect(seen).toEqual(others)

  const startOf = async (trx: Transaction) => {
    const { rows } = await sql<{ start: Date }>`select date_trunc('milliseconds', now()) as start`.execute(trx)
    return rows[0]?.start.getTime() ?? 0
  }
  const first = await database.within({ operator: true }, 'read', startOf)
  await sleep(5)
  expect(await database.within({ operator: true }, 'read', startOf)).toBeGreaterThan(first)
})

it('the failure of one of them is the failure of all, and the connection goes on', async () => {
  const failed = database.within({ userId: USER }, 'read', (trx) =>
    Promise.all([settingOf(trx), sql`select 1 / 0`.execute(trx), settingOf(trx)]),
  )
  await expect(failed).rejects.toThrow('division by zero')
  expect(await database.within({ userId: USER }, 'read', settingOf)).toBe(USER)
})

it('the first failure is reported, even if failures that it caused are noticed earlier', async () => {
  const failed = database.within({ userId: USER }, 'read', (trx) => {
    const first = sql`select 1 / 0`.execute(trx)
    const heardLater = [1, 2, 3, 4, 5].reduce((query) => query.finally(() => {}), first)
    return Promise.all([heardLater, sql`select 1`.execute(trx)])
  })
  await expect(failed).rejects.toThrow('division by zero')
})

it('queries after a failed transaction are refused, never served in the next one', async () => {
  let late: Promise<unknown> = Promise.resolve()
  const failed = database.within({ userId: USER }, 'read', async (trx) => {
    late = sleep(20).then(() => settingOf(trx))
    late.catch(() => {})
    throw new Error('halfway')
  })
  await expect(failed).rejects.toThrow('halfway')
  await database.within({ operator: true }, 'read', () => sleep(60))
  await expect(late).rejects.toThrow('the transaction has ended')
})

it('a transaction that does not begin does nothing: a write is not even tried', async () => {
  // PostgreSQL refuses a statement with a NUL; here it is the BEGIN.
  const access = { firebaseUid: 'a\0b' }
  let isTried = false
  const write = database.within(access, 'write', async () => {
    isTried = true
  })
  await expect(write).rejects.toThrow()
  expect(isTried).toBe(false)
  await expect(database.within(access, 'read', (trx) => sql`select 1`.execute(trx))).rejects.toThrow()
  expect(await database.within({ userId: USER }, 'read', settingOf)).toBe(USER)
})
