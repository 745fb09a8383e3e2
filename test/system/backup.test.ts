import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startIssuer } from '../../embedded/issuer.ts'
import { type EmbeddedPostgres, startPostgres } from '../../embedded/postgres.ts'
import { buildApp } from '../../src/app.ts'
import { generateApiKey } from '../../src/auth/api-key.ts'
import { loadConfig } from '../../src/config.ts'
import { createDatabase } from '../../src/database/database.ts'
import { createPool } from '../../src/database/pool.ts'
import type { TestDatabase } from '../support/database.ts'
import { call, SECRET } from '../support/service.ts'
import { makeOrder, makeProduct, makeShop, type Shop } from '../support/shop.ts'

// A backup as docs/backup.md makes it, with the roles of deploy/postgres: dumped, restored, and looked at.
const ROOT = path.join(import.meta.dirname, '../..')
const run = promisify(execFile)

let bin: string
let postgres: EmbeddedPostgres
let folder: string
let dump: string
let shop: Shop
let apiKey: string
const pools: { end(): Promise<void> }[] = []

beforeAll(async () => {
  bin = clientPrograms()
  postgres = await startPostgres({ binDir: bin })
  folder = await mkdtemp(path.join(tmpdir(), 'flowpos-backup-'))
  dump = path.join(folder, 'flowpos.dump')
  await makeRoles(postgres.url('postgres'))
  await command('migrate', [], { MIGRATION_DATABASE_URL: postgres.url('flowpos', 'flowpos_owner') })
  await fillShop()
})
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()))
  await postgres?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Where pg_dump and the server of the same version are: an installed PostgreSQL, as the packaged one has no clients. */
function clientPrograms(): string {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const candidates = [process.env.PG_BIN, ...versions.map((version) => path.join(debian, version, 'bin'))]
  const found = candidates.find((folder) => folder !== undefined && existsSync(path.join(folder, 'pg_dump')))
  if (found === undefined) throw new Error('Install PostgreSQL (apt-get install postgresql-15), or set PG_BIN.')
  return found
}

function makeRoles(url: string) {
  const roles = path.join(ROOT, 'deploy/postgres/roles.sql')
  const passwords = {
    FLOWPOS_OWNER_PASSWORD: 'one',
    FLOWPOS_MCP_PASSWORD: 'two',
    FLOWPOS_BACKUP_PASSWORD: 'three',
    FLOWPOS_CLI_PASSWORD: 'four',
  }
  const env = { ...process.env, ...passwords }
  return run(path.join(bin, 'psql'), ['-Xv', 'ON_ERROR_STOP=1', '-f', roles, url], { env })
}

function command(name: string, args: string[], env: Record<string, string>) {
  return run(process.execPath, ['--import', 'tsx', `cli/${name}.ts`, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', ...env },
  })
}

const pgDump = (user: string, ...options: string[]) =>
  run(path.join(bin, 'pg_dump'), ['-Fc', ...options, '-d', postgres.url('flowpos', user)], {
    env: { ...process.env, PGPASSWORD: 'three' },
  })

async function query<Row extends pg.QueryResultRow>(
  database: string,
  text: string,
  values: unknown[] = [],
  user?: string,
) {
  const client = new pg.Client({ connectionString: postgres.url(database, user) })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

/** A shop with a sale, and a key to ask about it. */
async function fillShop(): Promise<void> {
  const pool = createPool(postgres.url('flowpos', 'flowpos_cli'), { size: 2 })
  pools.push(pool)
  const db = {
    asOwner: (text: string, values?: unknown[]) => query('flowpos', text, values),
    database: createDatabase(pool),
  } as TestDatabase
  shop = await makeShop(db, { name: 'Tienda Luna', timezone: 'UTC' })
  const product = await makeProduct(db, shop, { sku: 'CAFE', price: '12.50' })
  const line = { ...product, quantity: '2', unitPrice: '12.50' }
  await makeOrder(db.database, shop, { number: 'N-1', at: '2026-03-10T12:00:00Z', lines: [line] })
  const { rawKey, hash } = generateApiKey()
  apiKey = rawKey
  await query(
    'flowpos',
    "insert into mcp_api_key (business_id, role, scopes, label, key_hash) values ($1, 'merchant', $2, 'backup', $3)",
    [shop.id, ['pos:read', 'reports:read'], hash],
  )
}

/** How many rows each table has, as the superuser sees it. */
async function rowsOf(database: string): Promise<Record<string, number>> {
  const tables = await query<{ name: string }>(
    database,
    "select tablename as name from pg_tables where schemaname = 'public' order by tablename",
  )
  const counts = tables.map(({ name }) => `(select count(*)::integer from ${name}) as ${name}`)
  const [row] = await query<Record<string, number>>(database, `select ${counts.join(', ')}`)
  return row as Record<string, number>
}

describe('a backup as flowpos_backup', () => {
  beforeAll(async () => {
    await pgDump('flowpos_backup', '-f', dump)
    await query('postgres', 'create database flowpos_restored owner flowpos_owner')
    await query('postgres', 'revoke all on database flowpos_restored from public')
    await query('postgres', 'grant connect on database flowpos_restored to flowpos_mcp')
    await query('postgres', 'grant connect, temporary on database flowpos_restored to flowpos_cli')
    await run(
      path.join(bin, 'pg_restore'),
      ['--exit-on-error', '--single-transaction', '-d', postgres.url('flowpos_restored', 'flowpos_owner'), dump],
      { env: process.env },
    )
  })

  it('has every row of every table', async () => {
    const kept = await rowsOf('flowpos')
    expect(kept).toMatchObject({ business: 1, orders: 1, order_item: 1, mcp_api_key: 1 })
    expect(kept.sales_daily).toBeGreaterThan(0)
    expect(await rowsOf('flowpos_restored')).toEqual(kept)
  })

  it('has the same row security and rights', async () => {
    const security = `
      select c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) as owner, c.relacl::text,
        array(select polname || pg_get_expr(polqual, polrelid) from pg_policy where polrelid = c.oid order by 1) as policies
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`
    const before = await query('flowpos', security)
    expect(before.length).toBeGreaterThan(20)
    expect(await query('flowpos_restored', security)).toEqual(before)
  })

  it('has rollups that agree with their rows', async () => {
    const COMMAND_DATABASE_URL = postgres.url('flowpos_restored', 'flowpos_cli')
    const { stdout } = await command('rollups', ['check', '--json'], { COMMAND_DATABASE_URL })
    expect(JSON.parse(stdout)).toMatchObject({ businesses: 1 })
  })

  it('is served', async () => {
    const issuer = await startIssuer({ projectId: 'flowpos', users: [] })
    const app = await buildApp({
      config: loadConfig({
        DATABASE_URL: postgres.url('flowpos_restored', 'flowpos_mcp'),
        REDIS_URL: inject('redisUrl'),
        MCP_TOKEN_SECRET: SECRET,
        LOG_LEVEL: 'silent',
      }),
      firebaseApp: issuer.firebaseOptions(),
    })
    try {
      const window = { from: '2026-03-10', to: '2026-03-10' }
      const { data } = await call(app, apiKey, 'get_sales_report', window)
      expect(data.totals).toMatchObject({ orders: 1, netSales: '25.00' })
    } finally {
      await app.close()
      await issuer.stop()
    }
  })

  it('writes nothing', async () => {
    for (const statement of [
      "update business set name = 'x'",
      'delete from orders',
      'truncate orders',
      'create table x ()',
      "insert into mcp_audit (principal, action, outcome) values ('x', 'x', 'ok')",
    ]) {
      await expect(query('flowpos', statement, [], 'flowpos_backup')).rejects.toThrow('permission denied')
    }
  })
})

it('leaves the other roles to somebody who is no superuser, and says what is missing', async () => {
  const managed = await startPostgres({ binDir: bin })
  try {
    const admin = new pg.Client({ connectionString: managed.url('postgres') })
    await admin.connect()
    await admin.query('create role managed login createrole createdb')
    await admin.end()
    const { stderr } = await makeRoles(managed.url('postgres', 'managed'))
    expect(stderr).toContain('flowpos_backup was not created')
  } finally {
    await managed.stop()
  }
})

describe('a dump as another role', () => {
  it.each(['flowpos_owner', 'flowpos_mcp', 'flowpos_cli'])('fails as %s, and says why', async (user) => {
    const file = path.join(folder, `${user}.dump`)
    await expect(pgDump(user, '-f', file)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/row-level security policy|permission denied/),
    })
  })
})
