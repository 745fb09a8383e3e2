import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { parse } from 'csv-parse/sync'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { buildPage } from '../../scripts/build-page.ts'
import { expectAccessible } from '../support/axe.ts'
import { openBrowser, openPage, PHONE, shoot } from '../support/browser.ts'
import { oauthAt, startOAuthService } from '../support/connected-client.ts'
import { call, rpc, type Service } from '../support/service.ts'
import { makeOrder, makeProduct, makeShop, makeUser, type Shop } from '../support/shop.ts'

const WAIT_MS = 15_000
const MARKUP = '<b>Tienda Sol</b> de las Ánimas & Hijos'
const HOSTILE = `\u202e<img src=x onerror=alert(1)>${'largo'.repeat(30)}`

let service: Service
let chromium: Awaited<ReturnType<typeof openBrowser>>
let page: Page
let origin: string
let complaints: string[]
let luna: Shop
let oauth: ReturnType<typeof oauthAt>

beforeAll(async () => {
  chromium = await openBrowser()
  await buildPage()
  ;({ service, origin } = await startOAuthService({
    users: ['ana', 'caja', 'gerente', 'nadie', 'malo'],
    pageSignsIn: true,
    config: { PRIVACY_URL: 'https://www.example.com/privacy', SUPPORT_URL: 'https://www.example.com/help' },
  }))
  oauth = oauthAt(service, origin)
  luna = await makeShop(service.db, { name: 'Tienda Luna' })
  const sol = await makeShop(service.db, { name: MARKUP })
  const latte = await makeProduct(service.db, luna, { sku: 'LATTE' })
  const lines = [{ ...latte, quantity: '1', unitPrice: '10.00' }]
  await makeOrder(service.db.database, luna, { number: 'LUNA-7', at: '2026-01-05T15:00:00Z', status: 'open', lines })
  await makeUser(service.db, 'ana', [
    { shop: luna, role: 'owner' },
    { shop: sol, role: 'owner' },
  ])
  await makeUser(service.db, 'caja', [{ shop: luna, role: 'cashier' }])
  await makeUser(service.db, 'gerente', [{ shop: luna, role: 'manager' }])
})
afterAll(async () => {
  await chromium?.close()
  await service?.close()
})

beforeEach(async () => {
  // Sign-ins of later than the service's instant would be refused.
  service.now = new Date()
  ;({ page, complaints } = await openPage(chromium.browser))
  page.setDefaultTimeout(WAIT_MS)
})
afterEach(async () => {
  await page.close()
  expect(complaints).toEqual([])
})

describe('how to connect', () => {
  it('stands there before anybody signs in: address, links and commands of every assistant', async () => {
    await page.goto(`${origin}/settings`)
    await page.getByRole('heading', { name: 'Connect your assistant' }).waitFor()
    await page.getByLabel('Email').waitFor()
    expect(await page.evaluate('[scrollY, document.activeElement.tagName]')).toEqual([0, 'BODY'])
    const address = `${origin}/mcp/connect`
    expect(await page.locator('.address code').textContent()).toBe(address)
    await page.locator('.address').getByRole('button').click()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(address)
    expect(await page.getByRole('img', { name: 'QR code with the address' }).isVisible()).toBe(true)

    const tabs = page.getByRole('tab')
    expect(await tabs.allTextContents()).toEqual(
      expect.arrayContaining(['Claude', 'Claude Code', 'ChatGPT', 'Cursor', 'VS Code', 'Gemini CLI', 'Codex']),
    )
    const found: Record<string, { link: string | null; code: string | null }> = {}
    for (const tab of await tabs.all()) {
      await tab.click()
      const panel = page.getByRole('tabpanel')
      const [name, steps] = [await tab.innerText(), await panel.getByRole('listitem').allTextContents()]
      expect(steps.length, name).toBeGreaterThan(0)
      expect(await panel.getByRole('link', { name: 'As its makers describe it' }).getAttribute('href')).toMatch(
        /^https:/,
      )
      const [link, code] = [panel.locator('a.button'), panel.locator('code')]
      found[name] = {
        link: (await link.count()) === 0 ? null : await link.getAttribute('href'),
        code: (await code.count()) === 0 ? null : await code.textContent(),
      }
      // Whatever is to be copied names the address.
      expect(found[name]?.code ?? address).toContain(address)
    }
    await shoot(page, 'connect')
    await expectAccessible(page)

    const cursor = new URL(String(found.Cursor?.link))
    expect(cursor.href.startsWith('cursor://anysphere.cursor-deeplink/mcp/install?')).toBe(true)
    expect(cursor.searchParams.get('name')).toBe('flowpos')
    const config = Buffer.from(cursor.searchParams.get('config') as string, 'base64').toString()
    expect(JSON.parse(config)).toEqual({ url: address })
    const [scheme, install] = String(found['VS Code']?.link).split('?') as [string, string]
    expect(scheme).toBe('vscode:mcp/install')
    expect(JSON.parse(decodeURIComponent(install))).toEqual({ name: 'flowpos', type: 'http', url: address })
    expect(JSON.parse(String(found.Cursor?.code))).toEqual({ mcpServers: { flowpos: { url: address } } })
    expect(JSON.parse(String(found['VS Code']?.code))).toEqual({
      servers: { flowpos: { type: 'http', url: address } },
    })
    expect(JSON.parse(String(found.Zed?.code))).toEqual({ context_servers: { flowpos: { url: address } } })
    expect(found.opencode?.code).toBe(`opencode mcp add flowpos --url ${address}\nopencode mcp auth flowpos`)
    expect(JSON.parse(String(found.Windsurf?.code))).toEqual({ mcpServers: { flowpos: { serverUrl: address } } })
    expect(found['Claude Code']?.code).toBe(`claude mcp add --transport http flowpos ${address}`)
    expect(found.Codex?.code).toBe(`codex mcp add flowpos --url ${address}\ncodex mcp login flowpos`)
    expect(found['Gemini CLI']?.code).toBe(`gemini mcp add --scope user --transport http flowpos ${address}`)
  })

  it('moves between the assistants with the arrow keys, and shows which has the focus', async () => {
    await page.goto(`${origin}/settings/mcp`)
    const tab = (name: string) => page.getByRole('tab', { name, exact: true })
    await tab('Claude').focus()
    await page.keyboard.press('ArrowRight')
    expect(await tab('ChatGPT').getAttribute('aria-selected')).toBe('true')
    expect(await page.evaluate('document.activeElement.id')).toBe('tab-chatgpt')
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.keyboard.press('End')
    expect(await page.evaluate('document.activeElement.id')).toBe('tab-other')
    await page.keyboard.press('ArrowRight')
    expect(await page.evaluate('document.activeElement.id')).toBe('tab-claude')
  })

  it('tests the connection as whoever signs in, and offers questions that their role answers', async () => {
    const questions = async (uid: string) => {
      await open('', uid)
      await page.getByRole('button', { name: 'Test now' }).click()
      const result = await page.getByText(/^It works: \d+ tools answered in \d+ ms\.$/).innerText()
      const asked = await page.locator('.questions li').allTextContents()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByLabel('Email').waitFor()
      return { asked, tools: Number(/\d+/.exec(result)) }
    }
    const [manager, cashier] = [await questions('gerente'), await questions('caja')]
    expect(manager.asked).toContain('What do I have to reorder, and from whom?')
    expect(cashier.asked).toHaveLength(3)
    expect(cashier.asked).not.toContain('What do I have to reorder, and from whom?')
    expect(manager.tools).toBeGreaterThan(cashier.tools)
    // The token of the test is gone.
    await open('/token', 'caja')
    await page.getByText('You have no live token.').waitFor()
  })

  it('says so when this installation offers no sign-in by address, or none at all', async () => {
    const links = { website: null, privacy: null, terms: null, support: null }
    const json = { mcpUrl: 'https://api.flowpos.app/mcp', connectUrl: null, links, signIn: null }
    await page.route('**/settings.json', (route) => route.fulfill({ json }))
    await page.goto(`${origin}/settings/mcp`)
    await page.getByRole('heading', { name: 'Sign-in is not configured' }).waitFor()
    expect(await page.getByText('Use a token instead').isVisible()).toBe(true)
    expect(await page.getByRole('button').count()).toBe(0)
    await shoot(page, 'unconfigured')
    await expectAccessible(page)
  })
})

describe('the sign-in', () => {
  it('says what is wrong, and then leaves the focus where the page begins', async () => {
    await page.goto(`${origin}/settings/mcp/token`)
    await shoot(page, 'sign-in')
    await expectAccessible(page)
    await signIn('ana', 'wrong-password')
    await page.getByText('Email or password is wrong.').waitFor()
    await expectAccessible(page)
    await signIn('ana')
    await page.getByRole('button', { name: 'Generate Token' }).waitFor()
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
  })

  it('tells whoever has no business what to do', async () => {
    await open('', 'nadie')
    await page.getByText('You are not a member of any business.').waitFor()
    await shoot(page, 'no-membership')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Email').waitFor()
  })

  it('that has expired says so, keeps what was typed, and shows nothing of it to somebody else', async () => {
    await open('/token', 'ana')
    await page.getByRole('textbox', { name: 'Label' }).fill('Claude on my laptop')
    const expire = () =>
      page.route('**/mcp/token', (route) =>
        route.fulfill({ status: 401, json: { code: 'unauthenticated', message: '' } }),
      )
    await expire()
    await page.getByRole('button', { name: 'Generate Token' }).click()
    await page.getByText('Your session has expired. Sign in again.').waitFor()
    await shoot(page, 'expired')
    await expectAccessible(page)
    await page.unroute('**/mcp/token')
    await signIn('ana')
    const label = page.getByRole('textbox', { name: 'Label' })
    expect(await label.inputValue()).toBe('Claude on my laptop')
    await page.getByRole('button', { name: 'Generate Token' }).click()
    await page.getByRole('heading', { name: 'Your token' }).waitFor()

    await label.fill('Secret plan')
    await expire()
    await page.getByRole('button', { name: 'Generate Token' }).click()
    await page.getByText('Your session has expired. Sign in again.').waitFor()
    await page.unroute('**/mcp/token')
    await signIn('caja')
    await page.getByRole('button', { name: 'Generate Token' }).waitFor()
    expect(await label.inputValue()).toBe('')
    expect(await page.locator('#secret-value').count()).toBe(0)
  })
})

describe('connected assistants', () => {
  it('show a client that has connected, which can be ended, with everything else at once, and be restricted', async () => {
    const { tokens } = await oauth.connect('ana', { client_name: 'Claude' })
    const other = await oauth.connect('caja', { client_name: 'Cursor' })
    const pasted = await service.tokenOf('caja', { label: 'Till' })
    await rpc(service.app, tokens.access_token, 'tools/list', {}, { url: '/mcp/connect' })
    await open('/assistants', 'ana')
    const item = (name: string) =>
      page.locator('.item').filter({ has: page.getByRole('button', { name: `End: ${name}`, exact: true }) })
    await item('Claude').waitFor()
    expect(await item('Claude').innerText()).toMatch(/Signed in\s+End\s+Connected by you, /)
    expect(await item('Claude').innerText()).toContain('See sales reports')
    expect(await item('Claude').innerText()).toContain(`Tienda Luna, ${MARKUP}`)
    expect(await item('Till').innerText()).toContain('Connected by caja@example.com')
    await shoot(page, 'assistants')
    await expectAccessible(page)

    await page.getByRole('button', { name: 'End: Claude', exact: true }).click()
    await expectAccessible(page)
    await shoot(page, 'confirm')
    await page.getByRole('dialog').getByRole('button', { name: 'End' }).click()
    await item('Claude').waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement.id')).toBe('assistants-title')
    expect(await reaches(tokens.access_token)).toBe(false)
    expect(await reaches(other.tokens.access_token)).toBe(true)

    await page.getByLabel('Only these applications').check()
    await page.getByRole('checkbox', { name: 'Programs on a computer' }).uncheck()
    await page.getByRole('checkbox', { name: 'Pasted tokens' }).check()
    await shoot(page, 'restricted')
    await expectAccessible(page)
    await save()
    expect([await reaches(other.tokens.access_token), await reaches(pasted, '/mcp')]).toEqual([false, true])
    await page.getByLabel('Only these applications').uncheck()
    await page.getByLabel('Assistants may be used with this business').uncheck()
    await save()
    expect([await reaches(other.tokens.access_token), await reaches(pasted, '/mcp')]).toEqual([false, false])
    await page.getByLabel('Assistants may be used with this business').check()
    await save()
    expect([await reaches(other.tokens.access_token), await reaches(pasted, '/mcp')]).toEqual([true, true])

    await page.getByRole('button', { name: 'End all' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End all' }).click()
    await page.getByText('Nothing is connected yet.').waitFor()
    expect([await reaches(other.tokens.access_token), await reaches(pasted, '/mcp')]).toEqual([false, false])
  })

  it('show staff their own, without the rules of the business', async () => {
    await service.tokenOf('ana', { label: 'Of the owner' })
    await service.tokenOf('caja', { label: 'Of the cashier' })
    await open('/assistants', 'caja')
    await page.getByRole('heading', { name: 'Of the cashier' }).waitFor()
    expect(await page.getByText('Of the owner').count()).toBe(0)
    expect(await page.getByRole('heading', { name: 'What is allowed' }).count()).toBe(0)
    await page.getByRole('button', { name: 'End: Of the cashier' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End' }).click()
    await page.getByRole('heading', { name: 'Of the cashier' }).waitFor({ state: 'detached' })
  })
})

describe('activity', () => {
  it('tells in words what was changed and asked, by whom and what came of it, and as a file', async () => {
    const token = await service.tokenOf('gerente')
    const businessId = luna.id
    await call(service.app, token, 'create_client', { name: '=Marta', businessId })
    await call(service.app, token, 'cancel_order', { order: 'LUNA-7', reason: 'wrong table', businessId })
    await call(service.app, token, 'get_sales_by_category', { businessId })
    await call(service.app, await service.tokenOf('caja'), 'get_sales_report', { businessId })
    const refused = { order: 'LUNA-7', reason: 'again', businessId }
    expect((await call(service.app, token, 'refund_order', refused)).isError).toBe(true)
    await recorded(['get_sales_by_category', 'get_sales_report', 'refund_order'])
    await open('/activity', 'ana')
    const line = (text: string) => page.locator('.activity li').filter({ hasText: text })
    await line('gerente@example.com cancelled order LUNA-7').waitFor()
    expect(await line('gerente@example.com added client =Marta').count()).toBe(1)
    expect(await line('gerente@example.com asked for sales by category').count()).toBe(1)
    expect(await line('gerente@example.com asked for a refund (order LUNA-7)').innerText()).toMatch(/Refused: /)
    expect(await line('caja@example.com asked for a sales report').innerText()).toMatch(/Refused: not /)
    await shoot(page, 'activity')
    await expectAccessible(page)

    await page.getByLabel('Show').selectOption({ label: 'Refused' })
    await line('cancelled order LUNA-7').waitFor({ state: 'detached' })
    expect(await line('asked for a sales report').count()).toBe(1)
    await page.getByLabel('Show').selectOption({ label: 'Changes' })
    await page.getByLabel('Who').fill('GERENTE')
    await line('cancelled order LUNA-7').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ])
    const rows = parse(await readFile(await download.path()), { bom: true, columns: true }) as Record<string, string>[]
    expect(rows.map(({ who }) => who)).toEqual(['gerente@example.com', 'gerente@example.com'])
    expect(rows[0]).toMatchObject({ action: 'cancel_order', object: 'order', name: 'LUNA-7', outcome: 'ok' })
    // A spreadsheet would run it.
    expect(rows[1]).toMatchObject({ action: 'create_client', name: "'=Marta" })
    await page.getByLabel('Who').fill('nobody of that name')
    await page.getByText('Nothing yet.').waitFor()
    await page.getByLabel('Who').fill('')

    // Days are those of the person's own clock.
    const day = (days: number) => page.evaluate(`new Date(Date.now() + ${days} * 864e5).toLocaleDateString('sv')`)
    await page.getByLabel('From').fill(String(await day(1)))
    await page.getByText('Nothing yet.').waitFor()
    await page.getByLabel('From').fill(String(await day(0)))
    await line('cancelled order LUNA-7').waitFor()
    await page.getByLabel('To').fill(String(await day(0)))
    const csv = page.waitForRequest(/activity\.csv/)
    await page.getByRole('button', { name: 'Download CSV' }).click()
    const query = new URL((await csv).url()).searchParams
    expect(Date.parse(String(query.get('until'))) - Date.parse(String(query.get('since')))).toBe(864e5)
  })

  it('shows what happened meanwhile when it is asked to, or looked at again', async () => {
    await open('/activity', 'ana')
    await page.locator('.activity li').first().waitFor()
    const add = async (name: string) =>
      call(service.app, await service.tokenOf('gerente', { label: 'Claude on the till' }), 'create_client', {
        ...{ name, businessId: luna.id },
      })
    await add('Pilar')
    await page.getByRole('button', { name: 'Refresh' }).click()
    const line = page.locator('.activity li').filter({ hasText: 'added client Pilar' })
    // By the name of the token; what the program says of itself is beside it.
    expect(await line.innerText()).toContain('· Claude on the till')
    expect(await line.getByText('Claude on the till').getAttribute('title')).toBe('lightMyRequest')
    await add('Quique')
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await page.locator('.activity li').filter({ hasText: 'added client Quique' }).waitFor()
  })
})

describe('tokens', () => {
  it('are generated with their expiry and snippets, work, and are revoked', async () => {
    await open('', 'ana')
    await page.getByRole('link', { name: 'Generate Token' }).click()
    await page.getByRole('textbox', { name: 'Label' }).fill('The till')
    await shoot(page, 'tokens-empty')
    await page.getByRole('button', { name: 'Generate Token' }).click()
    await page.getByRole('heading', { name: 'Your token' }).waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('secret-title')
    const token = (await page.locator('#secret-value code').textContent()) ?? ''
    expect(token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
    const facts = await page.locator('.secret dl').innerText()
    expect(facts).toContain(MARKUP)
    expect(facts).toMatch(/Expires\s+\w+ \d+, \d{4}/)
    await shoot(page, 'token')
    await expectAccessible(page)

    const list = await rpc(service.app, token, 'tools/list')
    expect(list.body.result.tools.map((tool: { name: string }) => tool.name)).toContain('set_active_business')
    await page.locator('#secret-value').getByRole('button').click()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(token)

    const snippets = page.locator('details[name="snippet"]')
    expect(await snippets.locator('summary span').allTextContents()).toEqual(
      expect.arrayContaining(['Claude Desktop', 'Claude Code', 'Cursor', 'Gemini CLI', 'curl']),
    )
    await page.getByText('Claude Code', { exact: true }).click()
    expect(await page.locator('details[open] code').textContent()).toBe(
      `claude mcp add --transport http flowpos ${origin}/mcp \\\n  --header "Authorization: Bearer ${token}"`,
    )
    await expectAccessible(page)

    await page.getByRole('button', { name: 'Revoke The till' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('button', { name: 'Revoke The till' }).waitFor({ state: 'detached' })
    expect(await page.content()).not.toContain(token)
    expect((await rpc(service.app, token, 'tools/list')).status).toBe(401)
  })

  it('have narrower permissions if asked, and are kept nowhere', async () => {
    await open('/token', 'ana')
    await page.locator('summary').getByText('Permissions').click()
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
    await page.getByRole('button', { name: 'Generate Token' }).click()
    await page.getByText('Choose at least one permission.').waitFor()
    await page.getByRole('checkbox', { name: 'See products' }).check()
    await page.getByRole('button', { name: 'Generate Token' }).click()
    const token = (await page.locator('#secret-value code').textContent()) ?? ''
    const { body } = await rpc(service.app, token, 'tools/list')
    expect(body.result.tools.map(({ name }: { name: string }) => name)).not.toContain('create_order')
    const kept = await page.evaluate('JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])')
    expect(kept).not.toContain(token)
    await page.reload()
    await page.getByText('Unnamed token').first().waitFor()
    expect(await page.content()).not.toContain(token)
  })
})

describe('API keys', () => {
  it('are created, shown once, revoked and deleted', async () => {
    await open('/v1', 'ana')
    await page.getByLabel('Business').selectOption({ label: MARKUP })
    await page.getByText('This business has no API keys.').waitFor()
    await page.getByRole('textbox', { name: 'Label' }).fill('Nightly report')
    await page.getByLabel('Valid through').fill('2090-01-31')
    await page.getByRole('checkbox', { name: 'Change products' }).uncheck()
    await shoot(page, 'keys-empty')
    await page.getByRole('button', { name: 'Create API key' }).click()
    await page.getByRole('heading', { name: 'Your API key' }).waitFor()
    const key = (await page.locator('#secret-value code').textContent()) ?? ''
    expect(key).toMatch(/^fp_mcp_/)
    await shoot(page, 'key')
    await expectAccessible(page)
    expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(5)
    expect((await rpc(service.app, key, 'tools/list')).status).toBe(200)

    await page.getByRole('button', { name: 'Revoke Nightly report' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('Revoked', { exact: true }).waitFor()
    expect((await rpc(service.app, key, 'tools/list')).status).toBe(401)

    await page.getByRole('button', { name: 'Delete Nightly report' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('This business has no API keys.').waitFor()
  })

  it('are closed to a cashier', async () => {
    await open('/v1', 'caja')
    await page.getByText('API keys are managed by an owner or admin').waitFor()
    expect(await page.getByRole('button', { name: 'Create API key' }).count()).toBe(0)
    await shoot(page, 'cashier')
    await expectAccessible(page)
  })
})

describe('in Spanish, on a phone', () => {
  it('has every view in Spanish, and another language for whoever chooses it', async () => {
    const phone = await openBrowser('es-GT', PHONE)
    onTestFinished(() => phone.close())
    const own = await openPage(phone.browser)
    await own.page.goto(`${origin}/settings/mcp`)
    await own.page.getByRole('heading', { name: 'Conecta tu asistente' }).waitFor()
    expect(await own.page.evaluate('document.documentElement.lang')).toBe('es')
    await shoot(own.page, 'es-connect')
    await expectAccessible(own.page)
    await own.page.getByLabel('Correo electrónico').fill('ana@example.com')
    await own.page.getByLabel('Contraseña').fill('password')
    await own.page.getByRole('button', { name: 'Iniciar sesión' }).click()
    await own.page.getByRole('button', { name: 'Probar ahora' }).click()
    await own.page.getByText(/^Funciona: \d+ herramientas/).waitFor()
    for (const [view, words] of [
      ['assistants', 'Qué está permitido'],
      ['activity', 'generó un token'],
      ['token', 'Generar token'],
      ['v1', 'Crear clave de API'],
    ] as const) {
      await own.page.goto(`${origin}/settings/mcp/${view}`)
      await own.page.getByText(words).first().waitFor()
      await shoot(own.page, `es-${view}`)
      await expectAccessible(own.page)
    }
    expect(await own.page.getByRole('link', { name: 'Privacidad' }).getAttribute('href')).toBe(
      'https://www.example.com/privacy',
    )
    await own.page.getByLabel('Idioma').selectOption('en')
    await own.page.getByRole('button', { name: 'Create API key' }).waitFor()
    await own.page.reload()
    await own.page.getByRole('button', { name: 'Create API key' }).waitFor()
    expect(await own.page.evaluate('document.documentElement.lang')).toBe('en')
    expect(own.complaints).toEqual([])
  })
})

describe('bad input', () => {
  it('in names of businesses, people, clients and labels stays text on every view', async () => {
    const shop = await makeShop(service.db, { name: HOSTILE })
    await makeUser(service.db, 'malo', [
      { shop, role: 'owner' },
      { shop: luna, role: 'cashier' },
    ])
    await service.tokenOf('malo', { label: HOSTILE.slice(0, 100) })
    await oauth.connect('malo', { client_name: '<img src=x onerror=alert(2)>' })
    const token = await service.tokenOf('malo')
    await call(service.app, token, 'create_client', { name: HOSTILE.slice(0, 100), businessId: shop.id })
    page.on('dialog', (dialog) => complaints.push(dialog.message()))
    await open('', 'malo')
    for (const view of ['/assistants', '/activity', '/token', '/v1']) {
      await page.goto(`${origin}/settings/mcp${view}`)
      await page.locator('.item, .activity li, .card').first().waitFor()
      await expect.poll(() => page.content()).toContain('&lt;img src=x')
      // Nothing of it has become an element.
      expect(await page.locator('main img').count()).toBe(0)
      await shoot(page, `hostile${view.replace('/', '-')}`)
      await expectAccessible(page)
    }
  })

  it('on another site, a frame of the page shows nothing', async () => {
    const attacker = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end(`<iframe src="${origin}/settings/mcp/assistants"></iframe>`),
    ).listen(0, '127.0.0.1')
    onTestFinished(() => void attacker.close())
    await new Promise((resolve) => attacker.once('listening', resolve))
    const framing = await chromium.browser.newPage()
    await framing.goto(`http://127.0.0.1:${(attacker.address() as { port: number }).port}/`)
    await expect.poll(() => framing.frames().map((frame) => frame.url())).toContain('chrome-error://chromewebdata/')
    await framing.close()
  })
})

/** Waits until the audit trail tells of calls that change nothing, whose rows are written a little later. */
async function recorded(actions: string[]): Promise<void> {
  const rows = () => service.db.asOwner<{ action: string }>('select distinct action from mcp_audit', [])
  await expect
    .poll(async () => (await rows()).map(({ action }) => action), { timeout: WAIT_MS })
    .toEqual(expect.arrayContaining(actions))
}

/** Opens a view as somebody. */
async function open(view: string, uid: string): Promise<void> {
  await page.goto(`${origin}/settings/mcp${view}`)
  await signIn(uid)
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

async function signIn(uid: string, password = 'password'): Promise<void> {
  await page.getByLabel('Email').fill(`${uid}@example.com`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function save(): Promise<void> {
  await page
    .getByText('Saved.')
    .waitFor({ state: 'detached' })
    .catch(() => undefined)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
}

/** Whether a credential reaches the shop. */
async function reaches(token: string, url = '/mcp/connect'): Promise<boolean> {
  const params = { name: 'list_locations', arguments: { businessId: luna.id } }
  const { status, body } = await rpc(service.app, token, 'tools/call', params, { url })
  return status === 200 && body.result !== undefined && body.result.isError !== true
}
