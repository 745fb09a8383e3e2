import { once } from 'node:events'
import net from 'node:net'
import Fastify from 'fastify'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import postgres from '../../plugins/postgres.ts'
import { loadConfig } from '../../src/config.ts'
import { createDatabase } from '../../src/database/database.ts'
import { createKysely, createPool, SERVICE_ROLE } from '../../src/database/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

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

it('answers that the database is away, without words of its own', async () => {
  const kysely = createKysely(createPool('postgres://nobody@127.0.0.1:1/none', { connectTimeoutMs: 500 }))
  const database = createDatabase(kysely)
  await expect(database.within({ operator: true }, 'read', async () => 1)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The database does not answer at the moment. Try again in a few seconds.',
    retryAfterSeconds: 2,
  })
  await kysely.destroy()
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

it('survives a query that the server cuts off, and says that it is away', async () => {
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

it('ends a connection that the network has lost', async () => {
  const { port: upstream } = new URL(db.ownerUrl)
  const pairs: net.Socket[] = []
  const proxy = net.createServer((socket) => {
    const behind = net.connect(Number(upstream), '127.0.0.1')
    for (const end of [socket, behind]) end.on('error', () => {})
    socket.pipe(behind).pipe(socket)
    pairs.push(socket, behind)
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const url = new URL(db.ownerUrl)
  url.port = String((proxy.address() as net.AddressInfo).port)
  const kysely = createKysely(createPool(url.href, { size: 1, statementTimeoutMs: 500 }))
  const database = createDatabase(kysely)
  await database.ping()
  // From now on nothing passes, and nothing says so.
  for (const socket of pairs) socket.unpipe().pause()
  await expect(database.within({ operator: true }, 'read', async () => 1)).rejects.toMatchObject({
    code: 'unavailable',
  })
  await expect(database.ping()).resolves.toBeUndefined()
  await kysely.destroy()
  for (const socket of pairs) socket.destroy()
  proxy.close()
})

it('rolls a failed write back whole, and goes on', async () => {
  const write = db.database.within({ email: 'x@example.com' }, 'write', async (trx) => {
    await trx.insertInto('app_user').values({ email: 'x@example.com' }).execute()
    throw new Error('halfway')
  })
  await expect(write).rejects.toThrow('halfway')
  expect(await db.asOwner("select from app_user where email = 'x@example.com'")).toEqual([])
})

it('keeps what a transaction may see to that transaction', async () => {
  const pool = createPool(db.ownerUrl, { size: 1, role: SERVICE_ROLE })
  const kysely = createKysely(pool)
  await createDatabase(kysely).within({ businessId: '00000000-0000-4000-8000-000000000001' }, 'read', async () => 1)
  const { rows } = await pool.query("select current_setting('app.business_id', true) as setting")
  expect(rows[0].setting || null).toBeNull()
  await kysely.destroy()
})
