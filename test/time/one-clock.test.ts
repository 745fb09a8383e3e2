import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { instantOf, localDate, withOffset } from '../../src/time/local.ts'
import { learnZone, UnknownZone } from '../../src/time/zones.ts'
import { type ImportBench, importBench } from '../import/files.ts'
import { compactRows } from '../support/compact-rows.ts'
import { call, type Service, startService } from '../support/service.ts'
import { makeProduct, makeShop, makeUser, type Shop } from '../support/shop.ts'
import { learnZones } from '../support/zones.ts'

// A zone by a rule that only the database understands, four hours and 17 minutes behind UTC: whoever asks Node for a
// local time in it fails.
const ODD = 'XST4:17'

let service: Service
let files: ImportBench
let token: string
let odd: Shop

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  files = await importBench(service.db)
  odd = await makeShop(service.db, { timezone: ODD })
  await makeUser(service.db, 'ana', [{ shop: odd, role: 'owner' }])
  await makeProduct(service.db, odd, { sku: 'A', price: '100' })
  token = await service.tokenOf('ana')
})
afterAll(async () => {
  await files.remove()
  await service.close()
})

// biome-ignore lint/suspicious/noExplicitAny: results are checked by the assertions on them
async function ask(tool: string, args: Record<string, unknown> = {}): Promise<any> {
  const { data, text, isError } = await call(service.app, token, tool, args)
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return data
}

async function netByHour(from: string): Promise<Record<string, string>> {
  const { rows } = await ask('get_sales_report', { from, to: from, groupBy: 'hour' })
  return Object.fromEntries(
    rows
      .filter((row: { netSales: string }) => Number(row.netSales) !== 0)
      .map((row: Record<string, string>) => [row.key, row.netSales]),
  )
}

describe('a shop whose zone only the database knows', () => {
  const AT = '2026-03-09T23:59'

  it('makes, shows and counts a sale at the end of a day on that day', async () => {
    service.now = new Date('2026-03-10T04:16:30Z')
    const context = await ask('get_context')
    expect(context.businesses[0].localTime).toBe(`${AT}:30-04:17`)
    const { order } = await ask('create_order', { items: [{ product: 'A', quantity: '1' }] })
    const shown = JSON.stringify(
      await ask('get_order', { order: order?.id ?? (await ask('list_orders')).orders[0].id }),
    )
    expect(shown).toMatch(/2026-03-09[T ]23:59/)
    expect(shown).not.toContain('2026-03-10')
    const { days } = await ask('summarize_day')
    expect(days[0]).toMatchObject({ window: { from: '2026-03-09', to: '2026-03-09', soFar: '23:59' } })
    expect(days[0].figures.netSales).toBe('100.00')
    expect(await netByHour('2026-03-09')).toEqual({ '23:00': '100.00' })
    expect(compactRows(await ask('list_locations'), 'locations')[0]?.['local time']).toContain('23:59')

    service.now = new Date('2026-03-10T04:17:00Z')
    expect((await ask('summarize_day')).days[0].window.from).toBe('2026-03-10')
  })

  it('imports local times as it counts them', async () => {
    await files.load(odd, 'orders', [
      'order_number,ordered_at,sku,quantity,unit_price',
      'VA-1,2026-02-20T23:30:00,A,1,70.00',
      'VA-2,2026-02-21T10:00:00,A,1,10.00',
    ])
    expect(await netByHour('2026-02-20')).toEqual({ '23:00': '70.00' })
    expect(await netByHour('2026-02-21')).toEqual({ '10:00': '10.00' })
  })
})

// British Columbia stays on summer time from November 2026 on; older zone data does not know it.
it('counts a sale in Vancouver on its day, whatever the zone data', async () => {
  const shop = await makeShop(service.db, { currency: 'CAD', timezone: 'America/Vancouver' })
  await makeUser(service.db, 'vera', [{ shop, role: 'owner' }])
  await files.load(shop, 'orders', [
    'order_number,ordered_at,sku,quantity,unit_price',
    'VA-1,2026-11-20T23:30:00,A,1,100.00',
    'VA-2,2026-11-21T10:00:00,A,1,10.00',
  ])
  const rows = await service.db.asOwner(
    `select day::text, hour, gross_sales::float8 as gross from sales_hourly
     where business_id = $1 and basis = 'business' order by day`,
    [shop.id],
  )
  expect(rows).toMatchObject([
    { day: '2026-11-20', hour: 23, gross: 100 },
    { day: '2026-11-21', hour: 10, gross: 10 },
  ])
  const [{ at }] = (await service.db.asOwner(
    `select completed_at as at from orders where business_id = $1 and order_number = 'VA-1'`,
    [shop.id],
  )) as [{ at: Date }]
  await learnZones('America/Vancouver')
  expect(withOffset(at, 'America/Vancouver')).toMatch(/^2026-11-20T23:30:00/)
})

describe('the zones that this process has learnt', () => {
  // One hour east of UTC; two between the 1,000th and the 2,000th hour of 1970.
  const HOUR = 3600
  learnZone('Test/Zone', [
    { at: -1e10, offset: HOUR },
    { at: 1000 * HOUR, offset: 2 * HOUR },
    { at: 2000 * HOUR, offset: HOUR },
  ])
  const hour = (hours: number) => new Date(hours * HOUR * 1000)

  it('read a clock', () => {
    expect(withOffset(new Date(1000 * HOUR * 1000 - 1), 'Test/Zone')).toBe('1970-02-11T16:59:59+01:00')
    expect(withOffset(hour(1000), 'Test/Zone')).toBe('1970-02-11T18:00:00+02:00')
    expect(localDate(hour(2014), 'Test/Zone')).toBe('1970-03-25')
    expect(() => localDate(hour(0), 'Test/Nowhere')).toThrow(UnknownZone)
  })

  it.each([
    ['1970-01-01T12:00:00', 11],
    ['1970-02-11T16:00:00', 999],
    // 17:00 to 18:00 is left out.
    ['1970-02-11T17:30:00', 1000.5],
    ['1970-02-11T18:00:00', 1000],
    // 09:00 to 10:00 comes twice.
    ['1970-03-25T09:30:00', 1999.5],
    ['1970-03-25T10:00:00', 2001],
    ['1970-06-01T00:00:00.000', 3623],
  ])('find the instant of %s', (local, hours) => {
    expect(instantOf(local, 'Test/Zone')).toEqual(hour(hours))
  })

  it.each([
    'America/Vancouver',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'America/Guatemala',
    'Europe/Dublin',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'Antarctica/Troll',
  ])('are those of the database: %s', async (timezone) => {
    await learnZones(timezone)
    const rows = (await service.db.asOwner(
      `select at, to_char(at at time zone $1, 'YYYY-MM-DD"T"HH24:MI:SS') as local
       from generate_series(timestamptz '1900-01-01Z', timestamptz '2099-12-31Z', interval '17 days 5 hours 13 minutes') at`,
      [timezone],
    )) as { at: Date; local: string }[]
    const wrong = rows.filter(({ at, local }) => withOffset(at, timezone).slice(0, 19) !== local)
    expect(wrong).toEqual([])
    expect(rows.length).toBeGreaterThan(4000)
  })
})

// Zone arithmetic of Node or of a library is another clock. Calendar days without a zone are free.
const OTHER_CLOCKS =
  /toZonedDateTime|ZonedDateTime|Temporal\.Now|PlainDateISO\((?!'UTC')|setZone|getTimezoneOffset|timeZone(?!Name)\b|\btoLocale(Date|Time)?String\(/

it('has no other clock in the service', async () => {
  const root = path.join(import.meta.dirname, '../..')
  const folders = ['src', 'tools', 'plugins', 'cli', 'demo']
  const found = await Promise.all(
    folders.map((folder) => readdir(path.join(root, folder), { recursive: true, withFileTypes: true })),
  )
  const files = found.flat().filter(({ name }) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(150)
  const others: string[] = []
  for (const { parentPath, name } of files) {
    const file = path.relative(root, path.join(parentPath, name))
    for (const line of (await readFile(path.join(root, file), 'utf8')).split('\n')) {
      if (OTHER_CLOCKS.test(line)) others.push(`${file}: ${line.trim()}`)
    }
  }
  // Months of the audit trail are those of UTC; whether a name is one is asked of Node.
  expect(others).toEqual([
    expect.stringMatching(/^src\/time\/local\.ts: new Intl\.DateTimeFormat\('en', \{ timeZone: name \}\)$/),
    expect.stringMatching(/^cli\/audit\.ts: .*Temporal\.Now\.plainDateISO\('UTC'\)/),
  ])
})
