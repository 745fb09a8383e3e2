import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'
import type { FrameLocator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildCharts } from '../../scripts/build-charts.ts'
import { CHARTS_FILE } from '../../src/folders.ts'
import { openBrowser, openPage } from '../support/browser.ts'
import { rpc, type Service, startService } from '../support/service.ts'
import { makeOrder, makeProduct, makeShop, makeUser, type Shop } from '../support/shop.ts'
import { makeCosted, makeStock } from '../support/stock.ts'

// The charts in a host of MCP Apps, which is made of the extension's own bridge.

/** A quarter past four on a Tuesday in Guatemala. */
const NOW = new Date('2026-03-10T22:15:00Z')
const HOSTILE = '<img src=x onerror="parent.document.title=1"><b>Pan</b>\u202e{{x}}'
const HOST = 'http://host.test/'

let service: Service
let chromium: Awaited<ReturnType<typeof openBrowser>>
let page: Page
let view: FrameLocator
let complaints: string[]
let token: string
let hostScript: string
let calls: { name: string; args: Record<string, unknown> }[]

beforeAll(async () => {
  chromium = await openBrowser()
  await buildCharts()
  const { outputFiles } = await build({
    entryPoints: ['test/support/chart-host.js'],
    bundle: true,
    format: 'iife',
    write: false,
  })
  hostScript = outputFiles[0]?.text ?? ''
  service = await startService({ users: ['ana', 'bea'] })
  const luna = await makeShop(service.db, { name: 'Tienda Luna', pricesIncludeTax: true, taxRate: '0.12' })
  await makeUser(service.db, 'ana', [{ shop: luna, role: 'owner' }])
  await sell(luna)
  token = await service.tokenOf('ana')
  service.now = NOW
})
afterAll(async () => {
  await chromium?.close()
  await service?.close()
})

beforeEach(async () => {
  ;({ page, complaints } = await openPage(chromium.browser))
  calls = []
  await page.exposeFunction('callTool', async (name: string, args: Record<string, unknown>) => {
    calls.push({ name, args })
    return ask(name, args)
  })
  const html = `<!doctype html><title>Host</title><body style="margin:0;background:Canvas">
    <iframe sandbox="allow-scripts" style="width:100%;border:0"></iframe>
    <script src="/host.js"></script>`
  await page.route(`${HOST}**`, (route) =>
    route.request().url().endsWith('/host.js')
      ? route.fulfill({ contentType: 'text/javascript', body: hostScript })
      : route.fulfill({ contentType: 'text/html; charset=utf-8', body: html }),
  )
  view = page.frameLocator('iframe').first()
})
afterEach(async () => {
  await page.close()
  expect(complaints).toEqual([])
})

/** Five weeks of sales by the hour, busier at noon and on Saturdays, and stock that they eat up. */
async function sell(shop: Shop): Promise<void> {
  const coffee = await makeCosted(service.db, shop, {
    sku: 'CAF',
    name: 'Café de Antigua',
    cost: '4',
    category: 'Bebidas',
  })
  const hostile = await makeProduct(service.db, shop, { sku: 'PAN', name: HOSTILE, category: 'Panadería' })
  const dead = await makeCosted(service.db, shop, { sku: 'TAZ', name: 'Taza', cost: '25' })
  await makeStock(service.db, shop, coffee, { onHand: '60', lead: 5, reorderPoint: '40' })
  await makeStock(service.db, shop, hostile, { onHand: '10', lead: 2 })
  await makeStock(service.db, shop, dead, { onHand: '30' })
  const orders = Array.from({ length: 36 }, (_, day) =>
    [8, 10, 12, 13, 15, 17, 18].map((hour) => {
      const at = new Date(NOW.getTime() - day * 86_400_000)
      at.setUTCHours(hour + 6, 10)
      return { number: `${day}-${hour}`, at, busy: (hour === 12 ? 4 : 1) + (at.getUTCDay() === 6 ? 3 : 0) + (day % 3) }
    }),
  )
    .flat()
    .filter(({ at }) => at < NOW)
  for (const { number, at, busy } of orders) {
    const tax = { taxRate: '0.12', taxIncluded: true }
    await makeOrder(service.db.till, shop, {
      number,
      at: at.toISOString(),
      lines: [
        { ...coffee, ...tax, quantity: String(busy), unitPrice: '15' },
        { ...hostile, ...tax, quantity: '1', unitPrice: '8.50' },
      ],
    })
  }
}

const ask = async (name: string, args: Record<string, unknown> = {}) =>
  (await rpc(service.app, token, 'tools/call', { name, arguments: args })).body.result

/** Shows a tool's answer in the host. */
async function show(name: string, args: Record<string, unknown> = {}, hostContext: Record<string, unknown> = {}) {
  const result = await ask(name, args)
  expect(result.isError, result.content[0].text).toBeUndefined()
  await open(result, args, hostContext)
  await view.getByRole('heading', { level: 1 }).waitFor()
  return result
}

async function open(result: unknown, args: Record<string, unknown> = {}, hostContext: Record<string, unknown> = {}) {
  const html = await readFile(CHARTS_FILE, 'utf8')
  await page.setViewportSize({ width: 640, height: 560 })
  await page.goto(HOST)
  const context = { theme: 'light', locale: 'en-US', ...hostContext }
  await page.evaluate((given) => (globalThis as never as { openChart(of: unknown): unknown }).openChart(given), {
    html,
    hostContext: context,
    args,
    result,
  })
}

/** Checks height, width, targets and accessibility; keeps screenshots in the folder SCREENSHOTS if it is set. */
async function inspect(name: string): Promise<void> {
  const frame = page.frames()[1] as NonNullable<ReturnType<Page['frames']>[number]>
  await frame.evaluate(await readFile('node_modules/axe-core/axe.min.js', 'utf8'))
  for (const theme of ['dark', 'light']) {
    await page.evaluate(`bridge.setHostContext({ theme: '${theme}', locale: 'en-US' })`)
    // Not waitForFunction: it evaluates text again at each look, which the page's own policy (CSP) refuses.
    await frame.locator(`html[data-theme="${theme}"]`).waitFor({ state: 'attached' })
    for (const width of [360, 640]) {
      await page.setViewportSize({ width, height: 560 })
      await page.waitForTimeout(150)
      const sizes = (await frame.evaluate(`({
        height: document.body.scrollHeight,
        tooWide: document.documentElement.scrollWidth - innerWidth,
        small: [...document.querySelectorAll('button')].filter((button) => button.offsetHeight < 44).length,
      })`)) as Record<string, number>
      expect({ ...sizes, name, width }).toMatchObject({ tooWide: 0, small: 0 })
      expect(sizes.height, name).toBeLessThanOrEqual(500)
      if (process.env.SCREENSHOTS !== undefined) {
        await mkdir(process.env.SCREENSHOTS, { recursive: true })
        await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `chart-${name}-${width}-${theme}.png`) })
      }
    }
    const { violations } = (await frame.evaluate('axe.run()')) as { violations: { id: string; nodes: unknown[] }[] }
    expect(violations.map(({ id, nodes }) => `${id} ${JSON.stringify(nodes).slice(0, 400)}`)).toEqual([])
  }
}

describe('the charts', () => {
  it('draw a day by its hours, and add the usual ones when asked', async () => {
    await show('summarize_day')
    await view.getByText('so far (16:15)').waitFor()
    expect(await view.getByRole('slider').getAttribute('aria-valuetext')).toContain('12 PM: GTQ')
    await inspect('day')
    await view.getByRole('button', { name: 'Compare with the usual' }).click()
    await view.getByRole('slider', { name: 'Hours' }).waitFor()
    await view.getByText(/Usual GTQ/).waitFor()
    expect(calls).toEqual([
      {
        name: 'get_sales_report',
        args: expect.objectContaining({
          from: '2026-02-10',
          to: '2026-03-03',
          groupBy: ['hour'],
          filters: ['weekday=Tuesday'],
        }),
      },
    ])
    await inspect('day-usual')
  })

  it('draw a period, and lead to a day and back', async () => {
    const { structuredContent } = await show('summarize_period', { preset: 'last_30_days' })
    await inspect('period')
    await view.getByRole('button', { name: 'Products' }).click()
    await inspect('period-products')
    await view.getByRole('button', { name: 'Course' }).click()
    const slider = view.getByRole('slider')
    await slider.focus()
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await view.getByRole('button', { name: 'Back' }).waitFor()
    const second = structuredContent.periods[0].trend.rows[1]
    const [call] = calls
    expect(call?.args).toMatchObject(
      call?.name === 'summarize_day' ? { date: second.from } : { from: second.from, to: second.to },
    )
    await view.getByRole('button', { name: 'Back' }).click()
    expect(await view.getByRole('button', { name: 'Back' }).count()).toBe(0)
  })

  it('draw a compared report, and lead from a category to its products', async () => {
    await show('get_sales_report', {
      preset: 'last_week',
      groupBy: ['day'],
      compare: 'previous',
      measures: ['net_sales', 'orders'],
    })
    await view.getByText('Before', { exact: true }).first().waitFor()
    await inspect('report-days')
    await show('get_sales_report', { preset: 'last_week', groupBy: ['category'], filters: ['weekday=Mon-Fri'] })
    await inspect('report-categories')
    calls.length = 0
    await view.getByRole('button', { name: /^Bebidas/ }).click()
    await view.getByRole('button', { name: 'Back' }).waitFor()
    expect(calls[0]).toMatchObject({
      name: 'get_sales_report',
      args: {
        groupBy: ['product'],
        filters: ['weekday=Mon-Fri', 'category=Bebidas'],
        from: '2026-03-02',
        to: '2026-03-08',
      },
    })
    await view.getByRole('button', { name: /^Café de Antigua/ }).waitFor()
  })

  it('draw what runs out when', async () => {
    await show('get_inventory_health')
    await view.getByRole('button', { name: /^Café de Antigua/ }).waitFor()
    await inspect('stock')
    await view.getByRole('button', { name: 'Not selling' }).click()
    await view.getByText('Taza').first().waitFor()
  })

  it('speak Spanish where the host does, and have a table', async () => {
    await show('summarize_period', { preset: 'last_30_days' }, { locale: 'es-GT' })
    await view.getByText('Ventas netas').first().waitFor()
    await view.getByRole('button', { name: 'Tabla' }).click()
    await view.getByRole('region', { name: 'Evolución' }).getByRole('table').waitFor()
  })

  it('fit on 80 kB', async () => {
    expect((await readFile(CHARTS_FILE)).length).toBeLessThanOrEqual(80 * 1024)
  })
})

describe('bad input', () => {
  it('shows names as they are written', async () => {
    await show('get_sales_report', { preset: 'last_week', groupBy: ['product'] })
    await view.getByRole('button', { name: /^<img src=x onerror=/ }).waitFor()
    expect(await view.locator('img, b').count()).toBe(0)
    expect(await page.title()).toBe('Host')
  })

  it('opens no link of the data, asks for nothing but calls of reading tools, and keeps long names within it', async () => {
    const { structuredContent } = await ask('get_sales_report', { preset: 'last_week', groupBy: ['product'] })
    const link = '[Pan](javascript:alert(1)) https://evil.example/?q=\u202e'
    const forged = JSON.parse(
      JSON.stringify(structuredContent).replaceAll(JSON.stringify(HOSTILE).slice(1, 20), link + 'largo'.repeat(200)),
    )
    await open({ content: [], structuredContent: forged })
    const bar = view.getByRole('button', { name: /evil\.example/ })
    await bar.waitFor()
    await page.evaluate(`
      asked = []
      addEventListener('message', ({ data }) => data.method !== undefined && asked.push(data.method))`)
    const [frame] = page.frames().slice(1)
    expect(await frame?.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    expect(await view.locator('a, form, iframe, object, embed, img').count()).toBe(0)
    const opened = page.context().pages().length
    await bar.click()
    await page.waitForTimeout(300)
    expect(page.context().pages()).toHaveLength(opened)
    expect(page.url()).toBe(HOST)
    expect(frame?.url()).toBe('about:srcdoc')
    const asked = (await page.evaluate('asked')) as string[]
    const answered = ['tools/call', 'ui/notifications/size-changed']
    expect(asked.filter((method) => !answered.includes(method))).toEqual([])
    expect(calls.filter(({ name }) => !/^(get|summarize)_/.test(name))).toEqual([])
  })

  it('hears only the window that embeds it', async () => {
    const { structuredContent } = await show('summarize_day')
    const forged = structuredClone(structuredContent)
    forged.days[0].business.name = 'Forged'
    const message = {
      jsonrpc: '2.0',
      method: 'ui/notifications/tool-result',
      params: { content: [], structuredContent: forged },
    }
    const sender = `<script>parent.frames[0].postMessage(${JSON.stringify(message)}, '*'); parent.postMessage('sent', '*')</script>`
    await page.evaluate((html) => {
      const { document, addEventListener } = globalThis as never as {
        document: {
          createElement(tag: string): { sandbox: string; srcdoc: string }
          body: { append(node: unknown): void }
        }
        addEventListener(kind: string, listener: (event: { data: unknown }) => void): void
      }
      const frame = document.createElement('iframe')
      frame.sandbox = 'allow-scripts'
      frame.srcdoc = html
      const sent = new Promise<void>((resolve) => {
        addEventListener('message', ({ data }) => data === 'sent' && resolve())
      })
      document.body.append(frame)
      return sent
    }, sender)
    // The host's own message comes after the forged one, and is heard.
    await page.evaluate(`bridge.setHostContext({ theme: 'dark', locale: 'en-US' })`)
    await view.locator('html[data-theme=dark]').waitFor()
    expect(await view.getByRole('heading', { level: 1 }).textContent()).toBe('Tienda Luna')
    await page.evaluate(
      (given) =>
        (globalThis as never as { bridge: { sendToolResult(of: unknown): unknown } }).bridge.sendToolResult(given),
      message.params,
    )
    await view.getByRole('heading', { name: 'Forged' }).waitFor()
  })

  it.each([
    ['no data', { content: [{ type: 'text', text: 'Only text' }] }],
    ['a refusal', { content: [{ type: 'text', text: 'forbidden: not for you' }], isError: true }],
    ['data of another shape', { content: [], structuredContent: { days: [null, 3], rows: 'x' } }],
    [
      'no currency and no numbers',
      { content: [], structuredContent: { days: [{ figures: {}, byHour: [{ hour: 'x' }] }] } },
    ],
  ])('stays whole with %s', async (_what, result) => {
    await open(result)
    await view.getByText('There is nothing to draw here').waitFor()
  })
})
