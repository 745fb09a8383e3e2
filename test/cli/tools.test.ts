import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeOrder, makeProduct, makeShop } from '../support/shop.ts'
import { type Run, runTool } from './run.ts'

let db: TestDatabase
let folder: string
let serviceUrl: string
beforeAll(async () => {
  db = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'flowpos-cli-'))
  serviceUrl = `${db.ownerUrl}?options=-c%20role%3Dflowpos_commands`
})
afterAll(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

const run = (tool: string, ...args: string[]) => runTool(tool, args, { env: { DATABASE_URL: serviceUrl } })
const tools = (calls: string[][]) => Promise.all(calls.map(([tool = '', ...args]) => run(tool, ...args)))

/** The JSON line of a successful run. */
function json(result: Run) {
  expect(result).toMatchObject({ code: 0, stderr: '' })
  expect(result.stdout.trim().split('\n')).toHaveLength(1)
  return JSON.parse(result.stdout)
}

describe('every tool', () => {
  it('shows its usage, and refuses what it does not know by name', async () => {
    const [help, option, action, extra] = await tools([
      ['rollups', '--help'],
      ['business', 'list', '--colour', 'red'],
      ['operator-key', 'destroy'],
      ['rollups', 'check', 'twice'],
    ])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help?.stdout).toContain('npm run rollups -- check|rebuild')
    expect(option).toMatchObject({ code: 2, stdout: '' })
    expect(option?.stderr).toMatch(/^Unknown option '--colour'\.\n\nnpm run business/)
    expect(action?.stderr).toMatch(/^There is no action destroy: create, list, revoke\./)
    expect(extra).toMatchObject({ code: 2 })
    expect(extra?.stderr).toMatch(/^"twice" is not expected after check\./)
  })

  it('says in one sentence that the database is away', async () => {
    const result = await runTool('business', ['list'], { env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' } })
    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr: 'The database does not answer at the moment. Try again in a few seconds.\n',
    })
  })

  it('reads .env from the folder it runs in', async () => {
    await writeFile(join(folder, '.env'), `DATABASE_URL=${serviceUrl}\n`)
    const result = await runTool('business', ['list', '--json'], { cwd: folder })
    expect(json(result)).toHaveProperty('businesses')
  })
})

describe('business', () => {
  const create = (...args: string[]) => run('business', 'create', '--json', ...args)

  it('makes a business with its first location and an owner, who may own another', async () => {
    const first = json(
      await create('--name', 'Gifts', '--currency', 'gbp', '--timezone', 'Europe/London', '--owner', 'Ana@Example.com'),
    )
    expect(first).toMatchObject({
      name: 'Gifts',
      currency: 'GBP',
      location: 'Main',
      taxRate: '0',
      pricesIncludeTax: false,
    })
    const options = [
      '--prices-include-tax',
      '--tax-rate',
      '0.12',
      '--location',
      'Zona 10',
      '--owner',
      'ana@example.com',
    ]
    const second = json(
      await create('--name', 'Tienda', '--currency', 'GTQ', '--timezone', 'America/Guatemala', ...options),
    )
    expect(second.ownerId).toBe(first.ownerId)

    const rows = await db.asOwner(
      `select b.name, b.currency_digits, b.prices_include_tax, b.tax_rate, l.name as place, l.timezone, u.email,
        u.firebase_uid, m.role
       from business b join location l on l.business_id = b.id join business_user m on m.business_id = b.id
       join app_user u on u.id = m.user_id where b.id in ($1, $2) order by 1`,
      [first.id, second.id],
    )
    const owner = { email: 'Ana@Example.com', firebase_uid: null, role: 'owner' }
    expect(rows).toEqual([
      {
        ...{ name: 'Gifts', currency_digits: 2, prices_include_tax: false, tax_rate: '0.000000' },
        ...{ place: 'Main', timezone: 'Europe/London', ...owner },
      },
      {
        ...{ name: 'Tienda', currency_digits: 2, prices_include_tax: true, tax_rate: '0.120000' },
        ...{ place: 'Zona 10', timezone: 'America/Guatemala', ...owner },
      },
    ])
    const { businesses } = json(await run('business', 'list', '--json'))
    expect(businesses.map((business: { id: string }) => business.id)).toEqual(
      expect.arrayContaining([first.id, second.id]),
    )
  })

  it('lists names that merchants wrote without what would move the cursor or begin a line', async () => {
    const { id } = await makeShop(db, { name: 'Luna\u001b[2J\nTienda\u202e' })
    const { stdout } = await run('business', 'list')
    expect(stdout.split('\n').find((line) => line.startsWith(id))).toMatch(/ {2}Luna \[2J Tienda$/)
  })

  it('takes a Firebase uid as the owner, and a currency without minor units', async () => {
    const made = json(
      await create('--name', 'Mise', '--currency', 'JPY', '--timezone', 'Asia/Tokyo', '--owner', 'uid-1'),
    )
    const rows = await db.asOwner(
      `select u.firebase_uid, u.email, b.currency_digits from app_user u cross join business b
       where u.id = $1 and b.id = $2`,
      [made.ownerId, made.id],
    )
    expect(rows).toEqual([{ firebase_uid: 'uid-1', email: null, currency_digits: 0 }])
  })

  it("changes a location's name and zone, and the daily sums follow", async () => {
    const shop = await makeShop(db, { timezone: 'UTC' })
    const product = await makeProduct(db, shop, { sku: 'A' })
    const lines = [{ ...product, quantity: '1', unitPrice: '10' }]
    await makeOrder(db.database, shop, { number: '1', at: '2026-03-01T05:00:00Z', lines })
    const change = ['location', '--business', shop.id, '--location', 'location 1', '--json']
    const changed = json(await run('business', ...change, '--name', 'Uptown', '--timezone', 'America/Los_Angeles'))
    expect(changed).toMatchObject({ id: shop.locations[0], name: 'Uptown', timezone: 'America/Los_Angeles' })
    const days = await db.asOwner(
      'select basis, day from sales_daily where business_id = $1 and orders > 0 order by basis',
      [shop.id],
    )
    expect(days).toEqual([
      { basis: 'business', day: '2026-03-01' },
      { basis: 'location', day: '2026-02-28' },
    ])

    const [gone, zone, nothing] = await tools([
      ['business', ...change, '--name', 'X'],
      ['business', 'location', '--business', shop.id, '--location', 'Uptown', '--timezone', 'Mars'],
      ['business', 'location', '--business', shop.id, '--location', 'Uptown'],
    ])
    expect(gone).toMatchObject({ code: 1, stderr: 'There is no location location 1. Locations: Uptown.\n' })
    expect(zone).toMatchObject({ code: 2 })
    expect(nothing?.stderr).toMatch(/^Say what to change: --name or --timezone/)
  })

  it('gives amounts the digits of ISO 4217, or fewer, where a shop sells in whole units', async () => {
    const digitsOf = async (...options: string[]) =>
      json(await create('--name', 'X', '--timezone', 'America/Bogota', '--owner', 'uid-1', ...options)).currencyDigits
    expect(await digitsOf('--currency', 'cop')).toBe(2)
    expect(await digitsOf('--currency', 'COP', '--currency-digits', '0')).toBe(0)
  })

  it('refuses what is missing or wrong, by name', async () => {
    const good = ['--name', 'X', '--owner', 'x@y.z']
    const results = await tools([
      ['business', 'create', '--name', 'X', '--currency', 'GBP', '--timezone', 'Europe/London'],
      ['business', 'create', ...good, '--currency', 'XXQ', '--timezone', 'Europe/London'],
      ['business', 'create', ...good, '--currency', 'GBP', '--currency-digits', '3', '--timezone', 'Europe/London'],
      ['business', 'create', ...good, '--currency', 'GBP', '--timezone', '+01:00'],
      ['business', 'create', ...good, '--currency', 'GBP', '--timezone', 'Europe/London', '--tax-rate', '12'],
    ])
    expect(results.map(({ code, stderr }) => [code, stderr.split('\n')[0]])).toEqual([
      [2, '--owner is missing.'],
      [2, '--currency: "XXQ" is no ISO 4217 code, such as GTQ, USD or EUR.'],
      [2, '--currency-digits: "3" is no number from 0 to 2, the digits of GBP.'],
      [2, '--timezone: "+01:00" is no IANA time zone, such as America/Guatemala.'],
      [2, '--tax-rate: "12" is no rate from 0 to less than 1, with at most 6 decimals, such as 0.12.'],
    ])
  })
})

describe('operator-key', () => {
  it('prints a key once, lists it without its secret, and revokes it', async () => {
    const expires = `${new Date().getUTCFullYear() + 1}-01-31`
    const args = ['create', '--label', 'night', '--scopes', 'reports:read,pos:read', '--expires', expires, '--json']
    const made = json(await run('operator-key', ...args))
    expect(made).toMatchObject({
      ...{ label: 'night', scopes: ['pos:read', 'reports:read'], expiresAt: `${expires}T00:00:00.000Z` },
    })
    const stored = await db.asOwner('select role, business_id, key_hash from mcp_api_key where id = $1', [made.id])
    const hash = createHash('sha256').update(made.rawKey).digest()
    expect(stored).toEqual([{ role: 'platform_operator', business_id: null, key_hash: hash }])

    const listed = await run('operator-key', 'list')
    expect(listed.stdout).toContain(made.id)
    expect(listed.stdout).not.toContain(made.rawKey)
    expect(json(await run('operator-key', 'revoke', made.id, '--json'))).toEqual({ id: made.id, isActive: false })
    expect(json(await run('operator-key', 'list', '--json')).keys).toMatchObject([{ id: made.id, isActive: false }])
  })

  it('refuses unknown scopes, a past expiry and an id that is not there', async () => {
    const results = await tools([
      ['operator-key', 'create', '--label', 'x', '--scopes', 'pos:read,all'],
      ['operator-key', 'create', '--label', 'x', '--expires', '2020-01-01'],
      ['operator-key', 'revoke', '00000000-0000-4000-8000-000000000000'],
      ['operator-key', 'revoke', 'last'],
    ])
    expect(results.map(({ code, stderr }) => [code, stderr.split('\n')[0]])).toEqual([
      [2, '--scopes: "all" is none of pos:read, pos:write, reports:read, psa:read, pos:intents.'],
      [2, '--expires: 2020-01-01 is in the past.'],
      [1, 'There is no operator key 00000000-0000-4000-8000-000000000000.'],
      [2, 'ID: "last" is not an id (a UUID).'],
    ])
  })
})

describe('rollups', () => {
  it('fails when a cell differs, and rebuilds it', async () => {
    const shop = await makeShop(db)
    const product = await makeProduct(db, shop, { sku: 'A' })
    const lines = [{ ...product, quantity: '1', unitPrice: '10' }]
    await makeOrder(db.database, shop, { number: '1', at: '2026-03-01T18:00:00Z', lines })
    expect(json(await run('rollups', 'check', '--json'))).toMatchObject({ differences: 0, cells: [] })

    await db.asOwner("update sales_daily set gross_sales = 11 where business_id = $1 and basis = 'business'", [shop.id])
    const wrong = await run('rollups', 'check', '--business', shop.id, '--json')
    expect(wrong).toMatchObject({ code: 1, stderr: '1 cell differs: run rebuild, and find out why.\n' })
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      ...{ businesses: 1, differences: 1 },
      cells: [{ businessId: shop.id, day: '2026-03-01', kept: '11.0000', raw: '10.0000' }],
    })

    expect(json(await run('rollups', 'rebuild', '--business', shop.id, '--json'))).toEqual({ businesses: 1 })
    expect(json(await run('rollups', 'check', '--json'))).toMatchObject({ differences: 0 })
  })
})

describe('import', () => {
  const HEADER = 'order_number,ordered_at,sku,quantity,unit_price'

  it('reports one JSON line or a text, and fails with the reason when rows are rejected', async () => {
    const shop = await makeShop(db, { name: 'Kiosk' })
    const good = join(folder, 'good.csv')
    const bad = join(folder, 'bad.csv')
    await writeFile(good, `${HEADER},Weather\n1,2026-03-01,A,2,1234.50,sun\n`)
    await writeFile(bad, `${HEADER}\n2,2026-03-01,A,2,5\n3,yesterday,A,1,5\n`)

    const report = json(await run('import', '--business', shop.id, '--orders', good, '--json'))
    expect(report).toMatchObject({
      business: { id: shop.id, name: 'Kiosk', currency: 'GTQ' },
      files: [{ kind: 'orders', made: 1, netSales: '2469.00', unusedHeaders: ['Weather'] }],
    })
    const preview = await run('import', '--business', shop.id, '--orders', good, '--number-prefix', 'P-', '--preview')
    expect(preview).toMatchObject({ code: 0, stderr: '' })
    expect(preview.stdout.split('\n').slice(1, 5)).toEqual([
      'Preview: nothing was written. This would be:',
      `${good}: 1 row`,
      '  orders: 1 made, 0 updated, 0 unchanged',
      expect.stringMatching(/ net sales GTQ 2,469\.00, tax GTQ 0\.00, total with tips GTQ 2,469\.00$/),
    ])
    expect(preview.stdout).toContain('  line 2: order_number P-1, ordered_at 2026-03-01 12:00, sku A, quantity 2, ')

    const failed = await run('import', '--business', shop.id, '--orders', bad, '--json')
    expect(failed).toMatchObject({
      code: 1,
      stderr: 'Nothing of bad.csv was imported; rejected: 1 of its 2 rows.\n',
    })
    expect(JSON.parse(failed.stdout).files[0].rejects).toEqual([
      { line: 3, reason: 'ordered_at "yesterday" is not a date of the expected form (see --date-format)' },
    ])

    const skipped = await run('import', '--business', shop.id, '--orders', bad, '--skip-bad')
    expect(skipped).toMatchObject({ code: 0, stderr: '' })
    expect(skipped.stdout).toBe(
      [
        `Kiosk (${shop.id})`,
        `${bad}: 2 rows`,
        '  orders: 1 made, 0 updated, 0 unchanged',
        '  2026-03-01, completed orders: net sales GTQ 10.00, tax GTQ 0.00, total with tips GTQ 10.00',
        '  columns used: order_number, ordered_at, sku, quantity, unit_price',
        `  rejected: 1 row, written to ${bad}.rejected.csv:`,
        '    line 3: ordered_at "yesterday" is not a date of the expected form (see --date-format)',
        '',
      ].join('\n'),
    )
    expect(await readFile(`${bad}.rejected.csv`, 'utf8')).toContain('3,yesterday,A,1,5')
  })

  it('refuses a wrong command line', async () => {
    const results = await tools([
      ['import', '--orders', 'x.csv'],
      ['import', '--business', 'mine', '--orders', 'x.csv'],
      ['import', '--business', '00000000-0000-4000-8000-000000000000'],
    ])
    expect(results.map(({ code, stderr }) => [code, stderr.split('\n')[0]])).toEqual([
      [2, '--business is missing.'],
      [2, '--business: "mine" is not an id (a UUID).'],
      [1, 'Name a file to import: --orders, --products or --clients.'],
    ])
  })
})

describe('migrate', () => {
  it('goes all the way back and up again, as the owner', async () => {
    const empty = await createTestDatabase()
    const migrate = (...args: string[]) =>
      runTool('migrate', [...args, '--json'], {
        env: { DATABASE_URL: serviceUrl, MIGRATION_DATABASE_URL: empty.ownerUrl },
      })
    try {
      expect(json(await migrate()).migrations).toEqual([])
      const down = json(await migrate('none'))
      expect(down.migrations.length).toBeGreaterThan(5)
      expect(json(await migrate('up')).migrations).toEqual([down.migrations.at(-1)])
      expect(json(await migrate('down')).migrations).toEqual([down.migrations.at(-1)])
      expect(json(await migrate('latest')).migrations).toEqual(down.migrations.toReversed())
    } finally {
      await empty.close()
    }
  })

  it('says why it cannot', async () => {
    const result = await runTool('migrate', [], { env: { MIGRATION_DATABASE_URL: 'postgres://127.0.0.1:1/none' } })
    expect(result).toEqual({ code: 1, stdout: '', stderr: 'connect ECONNREFUSED 127.0.0.1:1.\n' })
  })
})
