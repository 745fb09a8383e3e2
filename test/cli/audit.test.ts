import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeShop, makeUser, type Shop } from '../support/shop.ts'
import { type Run, runTool } from './run.ts'

const KEY = '0e7d9b1c-6f0a-4b6e-9f57-0d8a2f7c1a11'

let db: TestDatabase
let shop: Shop
let other: Shop
let ana: string

beforeAll(async () => {
  db = await createTestDatabase()
  shop = await makeShop(db, { name: 'Luna' })
  other = await makeShop(db, { name: '=HYPERLINK("x")' })
  ana = await makeUser(db, 'ana', [{ shop, role: 'owner' }])
  const eve = await makeUser(db, 'eve', [{ shop: other, role: 'owner' }])
  await db.asOwner(
    `insert into mcp_api_key (id, business_id, role, scopes, label, key_hash)
     values ('${KEY}', $1, 'merchant', '{pos:read}', 'Night till', sha256('x'))`,
    [shop.id],
  )
  const add = (at: string, values: Record<string, unknown>) =>
    db.asOwner(
      `insert into mcp_audit (at, ${Object.keys(values).join()}) values ($1, ${Object.keys(values).map((_, i) => `$${i + 2}`)})`,
      [at, ...Object.values(values)],
    )
  const fromAna = { principal: `user:${ana}`, client: 'claude-ai', network: '203.0.113.0/24', outcome: 'ok' }
  await add('2026-10-30T10:00:00Z', { ...fromAna, kind: 'token', action: 'exchanged' })
  await add('2026-11-02T10:00:00Z', {
    ...fromAna,
    kind: 'key',
    action: 'made',
    credential_id: KEY,
    business_id: shop.id,
  })
  await add('2026-11-03T10:00:00Z', {
    ...{ kind: 'tool', action: 'create_order', outcome: 'forbidden', principal: `key:${KEY}` },
    ...{ credential_id: KEY, business_id: shop.id },
  })
  await add('2026-11-04T10:00:00Z', {
    ...{ kind: 'tool', action: 'create_order', outcome: 'ok', principal: `user:${eve}`, business_id: other.id },
    subject: 'order 1',
  })
  await add('2026-11-05T10:00:00Z', { kind: 'sign_in', action: 'refused', outcome: 'unauthenticated', occurrences: 12 })
})
afterAll(() => db?.close())

const loginUrl = (role: string) => `${db.ownerUrl}?options=-c%20role%3D${role}`
const audit = (...args: string[]) =>
  runTool('audit', args, { env: { COMMAND_DATABASE_URL: loginUrl('flowpos_commands') } })
const lines = async (...args: string[]) => {
  const { code, stdout, stderr } = await audit(...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.trimEnd().split('\n')
}
const json = ({ stdout }: Run) => JSON.parse(stdout)
async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: db.ownerUrl })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

describe('audit', () => {
  it('tells in words who did what, newest first', async () => {
    expect(await lines()).toEqual([
      '2026-11-05 10:00:00  somebody unknown was refused (unauthenticated) 12 times',
      '2026-11-04 10:00:00  eve@example.com called create_order, order 1, in =HYPERLINK("x")',
      '2026-11-03 10:00:00  key "Night till" called create_order (forbidden), in Luna',
      '2026-11-02 10:00:00  ana@example.com made a key, key "Night till", in Luna, with claude-ai, from 203.0.113.0/24',
      '2026-10-30 10:00:00  ana@example.com got a token, with claude-ai, from 203.0.113.0/24',
    ])
  })

  it('narrows by business with its people, by principal, time, action and outcome', async () => {
    const days = async (...args: string[]) => (await lines(...args)).map((line) => line.slice(5, 10))
    expect(await days('--business', shop.id)).toEqual(['11-03', '11-02', '10-30'])
    expect(await days('--principal', 'Ana@example.com')).toEqual(['11-02', '10-30'])
    expect(await days('--principal', ana, '--since', '2026-11-01')).toEqual(['11-02'])
    expect(await days('--principal', KEY)).toEqual(['11-03', '11-02'])
    expect(await days('--until', '2026-11-02T10:00:00Z')).toEqual(['10-30'])
    expect(await days('--action', 'create_order')).toEqual(['11-04', '11-03'])
    expect(await days('--action', 'key made')).toEqual(['11-02'])
    expect(await days('--refused')).toEqual(['11-05', '11-03'])
    expect(await lines('--action', 'nothing')).toEqual(['Nothing is recorded.'])
  })

  it('goes on where it stopped', async () => {
    const first = json(await audit('--limit', '3', '--json'))
    expect(first.rows).toHaveLength(3)
    const second = json(await audit('--limit', '3', '--cursor', first.nextCursor, '--json'))
    expect(second.rows.map(({ at }: { at: string }) => at)).toEqual([
      '2026-11-02T10:00:00.000000Z',
      '2026-10-30T10:00:00.000000Z',
    ])
    expect(second.nextCursor).toBeUndefined()
    expect((await lines('--limit', '3')).at(-1)).toBe(`There are more: --cursor ${first.nextCursor}`)
  })

  it('writes CSV that no spreadsheet runs', async () => {
    const [header, refused, sale] = await lines('--csv')
    expect(header).toMatch(/^id,at,kind,action,outcome,occurrences,principal,principalEmail,/)
    expect(refused).toContain(',sign_in,refused,unauthenticated,12,')
    expect(sale).toContain(`"'=HYPERLINK(""x"")"`)
  })

  it('refuses what is wrong, by name', async () => {
    const results = await Promise.all([
      audit('--business', 'mine'),
      audit('--since', 'yesterday'),
      audit('--limit', '0'),
      audit('--cursor', 'x'),
      audit('--principal', 'nobody@example.com'),
      audit('retain'),
    ])
    expect(results.map(({ code, stderr }) => [code, stderr.split('\n')[0]])).toEqual([
      [2, '--business: "mine" is not an id (a UUID).'],
      [2, '--since: "yesterday" is no ISO date such as 2030-01-31.'],
      [2, '--limit: "0" is no whole number from 1 to 10000.'],
      [2, '--cursor: "x" is not one that was printed here.'],
      [1, 'There is no user nobody@example.com.'],
      [2, '--months is missing.'],
    ])
  })

  it('takes months out of the trail, and drops them when asked', async () => {
    const old = new Date()
    old.setUTCMonth(old.getUTCMonth() - 30, 15)
    await db.asOwner("insert into mcp_audit (at, action, outcome) values ($1, 'ancient', 'ok')", [old])
    const table = `mcp_audit_${old.toISOString().slice(0, 7).replace('-', '_')}`
    expect(await lines('--action', 'ancient')).toHaveLength(1)
    // It has moved from the default partition into that of its month.
    const held = () => db.asOwner(`select action from ${table}`)
    expect(await held()).toEqual([{ action: 'ancient' }])

    expect(await lines('retain', '--months', '24')).toEqual([`detached ${table}`])
    expect(await lines('--action', 'ancient')).toEqual(['Nothing is recorded.'])
    expect(await held()).toEqual([{ action: 'ancient' }])
    expect((await lines('retain', '--months', '24'))[0]).toMatch(/^There are no months before \d{4}-\d\d-01\.$/)
    expect(json(await audit('retain', '--months', '24', '--drop', '--json'))).toMatchObject({ dropped: [table] })
    await expect(held()).rejects.toThrow('does not exist')
    expect(await lines('--action', 'key made')).toHaveLength(1)
  })

  it('takes months out of the trail while it is read', async () => {
    await db.asOwner("insert into mcp_audit (at, action, outcome) values ('2001-01-15', 'ancient', 'ok')")
    const [first, second] = await Promise.all([connect(), connect()])
    const waiting = async () => {
      const [row] = await db.asOwner<{ sessions: number }>(`
        select count(*)::int as sessions from pg_locks where relation = 'mcp_audit_default'::regclass and not granted
          and database = (select oid from pg_database where datname = current_database())`)
      return row?.sessions
    }
    const read = 'select action from mcp_audit'
    await first.query('begin')
    await first.query(read)
    const dropping = lines('retain', '--months', '24', '--drop')
    await expect.poll(waiting, { timeout: 15_000 }).toBe(1)
    const both = Promise.all([dropping, second.query(read)])
    await expect.poll(waiting).toBe(2)
    await first.query('commit')

    expect((await both)[0]).toEqual(['dropped mcp_audit_2001_01'])
  })

  it('makes the coming months, secured, and the same ones only once', async () => {
    await lines()
    const partitions = await db.asOwner<{ name: string; secured: boolean; granted: boolean }>(`
      select relname as name, relrowsecurity and relforcerowsecurity as secured,
        has_table_privilege('flowpos_commands', oid, 'select, insert, update, delete') as granted
      from pg_class where relispartition and relkind = 'r' and relname <> 'mcp_audit_default'`)
    const now = new Date()
    for (let ahead = 0; ahead <= 3; ahead++) {
      const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead)).toISOString().slice(0, 7)
      expect(partitions.map(({ name }) => name)).toContain(`mcp_audit_${month.replace('-', '_')}`)
    }
    for (const partition of partitions) expect(partition).toMatchObject({ secured: true, granted: false })
  })
})
