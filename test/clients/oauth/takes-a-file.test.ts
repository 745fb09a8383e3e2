import { buffer } from 'node:stream/consumers'
import { parse } from 'csv-parse/sync'
import ExcelJS from 'exceljs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startClientDocuments } from '../../support/client-documents.ts'
import { endInstance, type Merchant, startMerchant } from '../../support/merchant.ts'
import { makeOrder, makeProduct, makeUser } from '../../support/shop.ts'
import { mcpRemote } from './mcp-remote.ts'
import { type Computer, startComputer } from './merchants-computer.ts'
import { sdkV2 } from './sdk.ts'
import type { ClientProgram, ConnectedClient } from './stays-connected.ts'

const CASHIER = 'luis'

let documents: Awaited<ReturnType<typeof startClientDocuments>>
let merchant: Merchant

beforeAll(async () => {
  documents = await startClientDocuments()
  merchant = await startMerchant([CASHIER], { network: documents.network })
  const { service, first } = merchant
  const { db, now } = service
  await makeUser(db, CASHIER, [{ shop: first, role: 'cashier' }])
  const [{ id: location } = { id: '' }] = await db.asOwner<{ id: string }>(
    "insert into location (business_id, name, timezone) values ($1, 'Zona 10', 'America/Guatemala') returning id",
    [first.id],
  )
  const latte = await makeProduct(db, first, { sku: 'LATTE', category: 'Drinks' })
  const cake = await makeProduct(db, first, { sku: 'CAKE', category: 'Food' })
  // Guatemala is six hours behind UTC, the whole year.
  const month = new Date(now.getTime() - 6 * 3_600_000).toISOString().slice(0, 7)
  const firstOfMonth = Date.parse(`${month}-01T06:00:00Z`)
  const sale = (number: string, at: number, lattes: string, cakes: string, discount = '0') =>
    makeOrder(db.database, first, {
      number,
      at: new Date(at).toISOString(),
      location,
      lines: [
        { ...latte, quantity: lattes, unitPrice: '15', taxRate: '0.12' },
        { ...cake, quantity: cakes, unitPrice: '25.50', taxRate: '0.12', discount },
      ],
    })
  // 45.00 and 25.00; 15.00 and 51.00; the last belongs to the month before.
  await sale('=B-1', now.getTime(), '3', '1', '0.50')
  await sale('00002', firstOfMonth, '1', '2')
  await sale('B-3', firstOfMonth - 1000, '7', '7')
})
afterAll(async () => {
  if (merchant) await endInstance(merchant.service.app)
  await merchant?.service.close()
  await documents?.close()
})

conversation('mcp-remote', mcpRemote())
conversation('the second SDK', sdkV2(1))

/** What a person asks an assistant, and does with the file that it gives. */
function conversation(name: string, client: ClientProgram): void {
  describe(name, () => {
    let computer: Computer
    let connected: ConnectedClient

    beforeAll(async () => {
      computer = await startComputer(merchant)
      connected = await client.connect(merchant.connectUrl, computer, documents)
      await ask('set_active_business', { businessId: merchant.first.id })
    })
    afterAll(async () => {
      await connected?.close()
      await computer?.close()
    })

    async function ask(tool: string, args: Record<string, unknown>): Promise<string> {
      return (await connected.call([tool, args]))[0] as string
    }

    async function linkOf(format: string): Promise<string> {
      const text = await ask('export_data', {
        what: 'list_orders',
        format,
        arguments: { preset: 'this_month', status: 'completed' },
      })
      const [url = ''] = /http\S+\/mcp\/exports\/\S+/.exec(text) ?? []
      expect(url).toMatch(`${merchant.origin}/mcp/exports/orders-`)
      return url
    }

    it('answers a question and a further one', async () => {
      const month = await ask('get_sales_report', { preset: 'this_month' })
      // 20.00, 70.00 and 66.00; 12 % of the last two.
      expect(month).toMatch(/GTQ 156\.00\b.*\b3 orders/s)
      expect(month).toContain('172.32')
      const further = await ask('get_sales_report', {
        preset: 'this_month',
        groupBy: ['category'],
        filters: ['location=Zona 10'],
      })
      expect(further).toContain('GTQ 136.00')
      expect(further).toMatch(/Food\D+76\.00/)
      expect(further).toMatch(/Drinks\D+60\.00/)
    })

    it('gives the orders as CSV, once, with the sums of the answer', async () => {
      const url = await linkOf('csv')
      const file = await fetch(url)
      expect(file.status).toBe(200)
      const rows = parse<Record<string, string>>(await buffer(file.body as never), { bom: true, columns: true })
      expect(rows.map((row) => row['Order number']).sort()).toEqual(['00002', "'=B-1", 'A-1'].sort())
      expect(centsOf(rows.map((row) => row['Net sales']))).toBe(15_600)
      expect(centsOf(rows.map((row) => row.Total))).toBe(17_232)

      const again = await fetch(url)
      expect([again.status, await again.text()]).toEqual([404, expect.stringContaining('was used already')])
    })

    it('gives the same as a workbook, which a colleague cannot open', async () => {
      const url = await linkOf('xlsx')
      const colleague = await merchant.service.tokenOf(CASHIER)
      const refused = await fetch(url, { headers: { authorization: `Bearer ${colleague}` } })
      expect(refused.status).toBe(403)

      const file = await fetch(url)
      expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="orders-[-\d]{10}\.xlsx"$/)
      const book = new ExcelJS.Workbook()
      await book.xlsx.load((await file.arrayBuffer()) as ExcelJS.Buffer)
      const [sheet] = book.worksheets as [ExcelJS.Worksheet]
      const titles = sheet.getRow(1).values as string[]
      const column = (title: string) => (sheet.getColumn(titles.indexOf(title)).values as unknown[]).slice(2)
      expect(column('Order number').sort()).toEqual(['00002', '=B-1', 'A-1'].sort())
      expect(centsOf(column('Net sales'))).toBe(15_600)
      expect(centsOf(column('Total'))).toBe(17_232)
      expect((await fetch(url)).status).toBe(404)
    })
  })
}

function centsOf(amounts: readonly unknown[]): number {
  return Math.round(amounts.reduce((sum: number, amount) => sum + Number(amount) * 100, 0))
}
