import { parse } from 'csv-parse/sync'
import ExcelJS from 'exceljs'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { loadTools } from '../../../plugins/mcp/registry.ts'
import { generateApiKey } from '../../../src/auth/api-key.ts'
import { EXPORTABLE } from '../../../src/exports/columns.ts'
import { call, rpc } from '../../support/service.ts'
import { NOON, startTill, type Till } from '../../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
  await till.product('PAN', { price: '1234.50' })
  await till.product('00123', { price: '10', stock: '5' })
  await till.service.db.asOwner(
    `insert into customer (business_id, code, name, email, phone, city) values
       ($1, 'C-1', '=HYPERLINK("http://evil.example","José")', 'jose@example.com', '+50255551234', '2024'),
       ($1, 'C-2', 'Ana "la" Peña, hija', null, '@sum', null)`,
    [till.shop.id],
  )
  await till.ok('create_order', { items: [{ product: 'PAN', quantity: '2' }], clientId: 'C-1' })
  till.service.now = new Date(NOON.getTime() + 60_000)
  await till.ok('create_order', { items: [{ product: '00123', quantity: '1' }] })
  await till.service.db.asOwner(
    `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
     select business_id, location_id, variant_id, -7.5, 'damage' from inventory_movement where business_id = $1 limit 1`,
    [till.shop.id],
  )
})
afterAll(() => till?.service.close())
beforeEach(() => {
  till.service.now = NOON
})

async function urlOf(args: Record<string, unknown>, token = till.owner): Promise<string> {
  const { data } = await till.ok('export_data', args, { token })
  return data.url
}

async function open(url: string, options: { method?: 'GET' | 'HEAD'; headers?: Record<string, string> } = {}) {
  const { pathname, search } = new URL(url)
  return till.service.app.inject({ method: 'GET', url: pathname + search, ...options })
}

async function csvOf(args: Record<string, unknown>, options = {}): Promise<Record<string, string>[]> {
  const { body } = await open(await urlOf(args))
  return parse(body, { bom: true, columns: true, ...options })
}

describe('a link', () => {
  it('opens one file, once, whatever looked at it before', async () => {
    const url = await urlOf({ what: 'list_orders' })
    expect(url).toMatch(/^http:\/\/localhost:4000\/mcp\/exports\/orders-2026-03-10\.csv\?key=[\w-]{43}$/)
    expect((await open(url, { method: 'HEAD' })).statusCode).toBe(200)
    const first = await open(url)
    expect(first.statusCode).toBe(200)
    expect(first.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="orders-2026-03-10.csv"',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    expect(first.body.startsWith('\ufeff')).toBe(true)
    const again = await open(url)
    expect([again.statusCode, again.json().message]).toEqual([404, expect.stringContaining('was used already')])
    expect((await open(url, { method: 'HEAD' })).statusCode).toBe(404)
  })

  it('opens one file when it is opened several times at the same moment', async () => {
    const url = await urlOf({ what: 'list_orders' })
    const answers = await Promise.all(Array.from({ length: 5 }, () => open(url)))
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
  })

  it('is too old after 15 minutes', async () => {
    const url = await urlOf({ what: 'list_orders' })
    till.service.now = new Date(NOON.getTime() + 15 * 60_000)
    expect((await open(url)).statusCode).toBe(404)
  })

  it('is for the person who asked: somebody else who says so is refused, and it still opens', async () => {
    const url = await urlOf({ what: 'list_orders' })
    const other = await open(url, { headers: { authorization: `Bearer ${till.cashier}` } })
    expect(other.statusCode).toBe(403)
    expect((await open(url, { headers: { authorization: `Bearer ${till.owner}` } })).statusCode).toBe(200)
  })

  it('opens what its person may see at that moment, and nothing after the token was ended', async () => {
    const token = await till.signIn('ana')
    const [orders, taxes] = [
      await urlOf({ what: 'list_orders' }, token),
      await urlOf({ what: 'get_tax_report' }, token),
    ]
    const { db } = till.service
    const role = (name: string) =>
      db.asOwner(
        "update business_user set role = $2 from app_user u where u.id = user_id and business_id = $1 and u.firebase_uid = 'ana'",
        [till.shop.id, name],
      )
    await role('cashier')
    expect((await open(taxes)).json()).toMatchObject({ statusCode: 403, code: 'role_not_allowed' })
    await role('owner')
    // It was not used up by the refusal.
    expect((await open(taxes)).statusCode).toBe(200)
    await till.service.app.inject({
      method: 'POST',
      url: '/mcp/token/revoke',
      headers: { authorization: `Bearer ${token}` },
      payload: { jti: JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).jti },
    })
    expect((await open(orders)).statusCode).toBe(401)
  })

  it('of an API key opens for as long as the key is good', async () => {
    const { rawKey, hash } = generateApiKey()
    const [key] = await till.service.db.asOwner(
      "insert into mcp_api_key (business_id, role, scopes, label, key_hash) values ($1, 'merchant', '{pos:read}', 'x', $2) returning id",
      [till.shop.id, hash],
    )
    const [first, second] = [await urlOf({ what: 'list_orders' }, rawKey), await urlOf({ what: 'list_orders' }, rawKey)]
    expect((await open(first)).statusCode).toBe(200)
    await till.service.db.asOwner('update mcp_api_key set is_active = false where id = $1', [key?.id])
    expect((await open(second)).statusCode).toBe(401)
  })

  it('is in the result as a resource, for clients whose protocol revision has that', async () => {
    const content = async (revision: string) => {
      const headers = { 'mcp-protocol-version': revision }
      const args = { name: 'export_data', arguments: { what: 'list_orders', format: 'xlsx' } }
      return (await rpc(till.service.app, till.owner, 'tools/call', args, headers)).body.result
    }
    const { content: now, structuredContent } = await content('2025-06-18')
    expect(now[1]).toEqual({
      type: 'resource_link',
      uri: structuredContent.url,
      name: 'orders-2026-03-10.xlsx',
      mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    })
    const before = await content('2025-03-26')
    expect(before.content).toHaveLength(1)
    expect(before.content[0].text).toContain(before.structuredContent.url)
  })

  it('is audited when it is made and when it is opened', async () => {
    const rows = () =>
      till.service.db.asOwner(
        "select kind, action, outcome, subject, business_id from mcp_audit where action in ('export_data', 'get_inventory') order by id desc limit 2",
        [],
      )
    await open(await urlOf({ what: 'get_inventory' }))
    await expect.poll(rows, { timeout: 10_000 }).toEqual(
      expect.arrayContaining([
        { kind: 'export', action: 'get_inventory', outcome: 'ok', subject: 'csv, 1 row', business_id: till.shop.id },
        { kind: 'tool', action: 'export_data', outcome: 'ok', subject: null, business_id: till.shop.id },
      ]),
    )
  })
})

describe('the call refuses', () => {
  it.each([
    [{ what: 'list_orders', arguments: { limit: 5 } }, 'leave out limit'],
    [{ what: 'list_orders', arguments: { cursor: 'x' } }, 'leave out cursor'],
    [{ what: 'list_orders', arguments: { foo: 1 } }, 'foo'],
    [{ what: 'list_orders', arguments: { from: '2026-03-10', to: '2026-03-01' } }, 'from must not be after to'],
    [{ what: 'list_orders', format: 'excel_csv', locale: 'no locale' }, 'locale must be'],
    [{ what: 'create_order' }, 'what'],
  ])('%j', async (args, words) => {
    expect(await till.fails('export_data', args)).toContain(words)
  })

  it('a list whose scope the person has not got', async () => {
    const narrowed = await call(till.service.app, till.cashier, 'export_data', { what: 'get_tax_report' })
    expect([narrowed.isError, narrowed.text]).toEqual([true, expect.stringContaining('role_not_allowed')])
  })
})

describe('a CSV file', () => {
  it('has the rows that the list has, filtered in the same way', async () => {
    const all = await csvOf({ what: 'list_orders' })
    expect(all.map((row) => row['Order number'])).toEqual(['FP-000002', 'FP-000001'])
    expect(all[1]).toMatchObject({ Status: 'completed', Total: '2469.00', 'Net sales': '2204.46' })
    expect(await csvOf({ what: 'list_orders', arguments: { search: 'fp-000002' } })).toHaveLength(1)
    expect(await csvOf({ what: 'list_orders', arguments: { from: '2026-03-09', to: '2026-03-09' } })).toHaveLength(0)
  })

  it('keeps words from being formulas and figures from being words', async () => {
    const rows = await csvOf({ what: 'list_clients' })
    expect(rows.map((row) => [row.Client, row.Phone, row.City])).toEqual([
      [`'=HYPERLINK("http://evil.example","José")`, `'+50255551234`, '2024'],
      ['Ana "la" Peña, hija', `'@sum`, ''],
    ])
    const stock = await csvOf({ what: 'get_inventory' })
    // A quantity below zero is a number, which no apostrophe may spoil.
    expect(stock[0]).toMatchObject({ SKU: '00123', 'On hand': '-3.5' })
  })

  it('is as Excel reads it where people write decimals with a comma', async () => {
    const { body } = await open(await urlOf({ what: 'list_orders', format: 'excel_csv', locale: 'es-ES' }))
    const rows = parse(body, { bom: true, columns: true, delimiter: ';' }) as Record<string, string>[]
    expect(rows[1]).toMatchObject({ Total: '2469,00' })
    const guatemala = await open(await urlOf({ what: 'list_orders', format: 'excel_csv', locale: 'es-GT' }))
    expect(parse(guatemala.body, { bom: true, columns: true })[1]).toMatchObject({ Total: '2469.00' })
  })
})

describe('a workbook', () => {
  it('has numbers, dates and words, each as such', async () => {
    const { rawPayload } = await open(await urlOf({ what: 'list_orders', format: 'xlsx' }))
    const book = new ExcelJS.Workbook()
    await book.xlsx.load(rawPayload as unknown as ExcelJS.Buffer)
    const sheet = book.worksheets[0] as ExcelJS.Worksheet
    const titles = sheet.getRow(1).values as string[]
    const cell = (row: number, title: string) => sheet.getRow(row).getCell(titles.indexOf(title)).value
    expect(sheet.rowCount).toBe(3)
    expect(cell(3, 'Order number')).toBe('FP-000001')
    expect(cell(3, 'Total')).toBe(2469)
    // On the clock of the shop.
    expect(cell(3, 'Opened')).toEqual(new Date('2026-03-10T12:00:00Z'))
    expect(cell(3, 'Client')).toBe('=HYPERLINK("http://evil.example","José")')
  })

  it('has whatever people have written', async () => {
    const odd = 'a\u0001<b>&"\u{1F9FF}\uFFFF'
    const call = (name: string) =>
      till.service.db.asOwner("update customer set name = $2 where business_id = $1 and code = 'C-2'", [
        till.shop.id,
        name,
      ])
    await call(odd)
    onTestFinished(async () => void (await call('Ana "la" Peña, hija')))
    const { rawPayload } = await open(await urlOf({ what: 'list_clients', format: 'xlsx' }))
    const book = new ExcelJS.Workbook()
    await book.xlsx.load(rawPayload as unknown as ExcelJS.Buffer)
    const names = (book.worksheets[0] as ExcelJS.Worksheet).getColumn(2).values
    expect(names).toContain('a <b>&"\u{1F9FF}')
  })
})

it('every exportable tool gives a file, and every one that lists is exportable', async () => {
  for (const what of EXPORTABLE) {
    const answer = await open(await urlOf({ what }))
    expect([what, answer.statusCode]).toEqual([what, 200])
    const rows = parse(answer.body, { bom: true }) as string[][]
    const [titles = []] = rows
    expect(titles, what).toEqual([...new Set(titles)])
    // Lists of what the shop has have more than a title.
    if (FILLED.has(what)) expect(rows.length, what).toBeGreaterThan(1)
  }
  const tools = await loadTools()
  const lists = tools.filter(({ kind, input }) => kind === 'business' && 'cursor' in input.properties)
  const left = lists.map(({ name }) => name).filter((name) => !EXPORTABLE.some((each) => each === name))
  // The lines of one order are details, not a list.
  expect(left).toEqual(['get_order'])
})

const FILLED = new Set<string>([
  ...['list_orders', 'get_products', 'list_clients', 'get_inventory', 'list_inventory_movements', 'list_locations'],
  ...['get_sales_report', 'get_sales_by_category', 'get_sales_by_location', 'get_tax_report', 'get_top_products'],
])
