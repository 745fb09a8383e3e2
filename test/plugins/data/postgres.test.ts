import { setTimeout } from 'node:timers/promises'
import Fastify from 'fastify'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import postgres from '../../../plugins/data/postgres.ts'
import { loadConfig } from '../../../src/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { createPool, SERVICE_ROLE } from '../../../src/database/pool.ts'
import { OutcomeUnknown } from '../../../src/errors.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())

const start = async (role?: string) => {
  const app = Fastify()
  const config = loadConfig({ MCP_TOKEN_SECRET: 'x'.repeat(32), DATABASE_URL: db.ownerUrl })
  try {
    await app.register(postgres, { config, ...(role === undefined ? {} : { role }) })
    await app.ready()
    await app.database.ping()
  } finally {
    await app.close()
  }
}

it('serves as a role under row security', async () => {
  await expect(start(SERVICE_ROLE)).resolves.toBeUndefined()
})

it('refuses a superuser, a role that bypasses row security, and the owner of the tables', async () => {
  await expect(start()).rejects.toThrow('the database role postgres can bypass row security')
  await db.asOwner('create role test_bypass bypassrls')
  await db.asOwner('create role test_owner')
  await db.asOwner('grant all on schema public to test_owner')
  await db.asOwner('alter table location owner to test_owner')
  await expect(start('test_bypass')).rejects.toThrow('the database role test_bypass can bypass row security')
  await expect(start('test_owner')).rejects.toThrow('the database role test_owner can bypass row security')
  await db.asOwner('alter table location owner to postgres')
  await db.asOwner('drop owned by test_owner')
  await db.asOwner('drop role test_owner, test_bypass')
})

it("answers that the database is down, without the database's own words", async () => {
  const pool = createPool('postgres://nobody@127.0.0.1:1/none', { connectTimeoutMs: 500 })
  const database = createDatabase(pool)
  await expect(database.within({ operator: true }, 'read', async () => 1)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The database does not answer at the moment. Try again in a few seconds.',
    retryAfterSeconds: 2,
  })
  await pool.end()
})

it('survives connections that the server closes', async () => {
  const pool = createPool(db.ownerUrl, { size: 1 })
  await pool.query('select 1')
  await db.asOwner(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name = 'flowpos-mcp'",
  )
  await expect
    .poll(async () => (await pool.query('select 1 as one').catch(() => ({ rows: [] }))).rows)
    .toEqual([{ one: 1 }])
  await pool.end()
})

it('survives a query that the server cuts off, and says that the database is down', async () => {
  const query = db.database.within({ operator: true }, 'read', (trx) => sql`select pg_sleep(20)`.execute(trx))
  const cut = () =>
    db.asOwner(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(20)%' and pid <> pg_backend_pid()",
    )
  const refused = expect(query).rejects.toMatchObject({ code: 'unavailable' })
  await expect.poll(cut).not.toEqual([])
  await refused
  await expect(db.database.ping()).resolves.toBeUndefined()
})

it('ends a connection that the network dropped, without waiting for the statement timeout', async () => {
  const network = await startTcpProxy(Number(new URL(db.ownerUrl).port))
  const pool = createPool(through(network), { size: 1, connectTimeoutMs: 500, statementTimeoutMs: 60_000 })
  const database = createDatabase(pool)
  await database.ping()
  // A statement may take longer than the connection timeout.
  await database.within({ operator: true }, 'read', (trx) => sql`select pg_sleep(0.8)`.execute(trx))
  network.blackHole()
  const lost = database.within({ operator: true }, 'read', async () => 1)
  await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
  network.healForNew()
  await expect(database.ping()).resolves.toBeUndefined()
  await pool.end()
  await network.close()
})

it('ends a connection that falls silent during a statement', async () => {
  const network = await startTcpProxy(Number(new URL(db.ownerUrl).port))
  const pool = createPool(through(network), { size: 1, statementTimeoutMs: 500 })
  const lost = createDatabase(pool).within({ operator: true }, 'read', async (trx) => {
    network.blackHole()
    await sql`select 1`.execute(trx)
  })
  await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
  await pool.end()
  await network.close()
})

it('releases what an idle transaction holds', async () => {
  const pool = createPool(db.ownerUrl, { size: 1, statementTimeoutMs: 300 })
  const idle = createDatabase(pool).within({ operator: true }, 'read', async (trx) => {
    await setTimeout(1000)
    await sql`select 1`.execute(trx)
  })
  await expect(idle).rejects.toMatchObject({ code: 'unavailable' })
  await expect(createDatabase(pool).ping()).resolves.toBeUndefined()
  await pool.end()
})

it('never serves as a role that can bypass row security, even if PostgreSQL starts later', async () => {
  const network = await startTcpProxy(Number(new URL(db.ownerUrl).port))
  await network.cut()
  const app = Fastify()
  const config = loadConfig({ MCP_TOKEN_SECRET: 'x'.repeat(32), DATABASE_URL: through(network) })
  await app.register(postgres, { config })
  await app.ready()
  await network.heal()
  const served = () => app.database.within({ operator: true }, 'read', async () => 'served')
  await expect(served()).rejects.toThrow('the database role postgres can bypass row security')
  await expect(served()).rejects.toThrow('the database role postgres can bypass row security')
  await app.close()
  await network.close()
})

it('rolls a failed write back whole, and goes on', async () => {
  const write = db.commands.within({ email: 'x@example.com' }, 'write', async (trx) => {
    await trx.insertInto('app_user').values({ email: 'x@example.com' }).execute()
    throw new Error('halfway')
  })
  await expect(write).rejects.toThrow('halfway')
  expect(await db.asOwner("select from app_user where email = 'x@example.com'")).toEqual([])
})

it('says that a write whose commit was lost may have been made', async () => {
  const network = await startTcpProxy(Number(new URL(db.ownerUrl).port))
  const pool = createPool(through(network), { size: 1, connectTimeoutMs: 500 })
  const lost = createDatabase(pool).within({ operator: true }, 'write', () => network.cut())
  await expect(lost).rejects.toBeInstanceOf(OutcomeUnknown)
  await pool.end()
  await network.close()
})

it('answers a read before its commit is confirmed, and ends a connection where that never happens', async () => {
  const network = await startTcpProxy(Number(new URL(db.ownerUrl).port))
  const pool = createPool(through(network), { size: 1, connectTimeoutMs: 500, statementTimeoutMs: 300 })
  const database = createDatabase(pool)
  const read = database.within({ operator: true }, 'read', async (trx) => {
    await sql`select 1`.execute(trx)
    network.blackHole()
    return 'read'
  })
  expect(await read).toBe('read')
  network.healForNew()
  await expect.poll(() => pool.totalCount, { timeout: 5000 }).toBe(0)
  expect(await database.within({ operator: true }, 'read', async () => 'again')).toBe('again')
  await pool.end()
  await network.close()
})

it('keeps what a transaction may see to that transaction', async () => {
  const pool = createPool(db.ownerUrl, { size: 1, role: SERVICE_ROLE })
  await createDatabase(pool).within({ businessId: '00000000-0000-4000-8000-000000000001' }, 'read', async () => 1)
  const { rows } = await pool.query("select current_setting('app.business_id', true) as setting")
  expect(rows[0].setting || null).toBeNull()
  await pool.end()
})

function through({ port }: TcpProxy): string {
  const url = new URL(db.ownerUrl)
  url.port = String(port)
  return url.href
}
