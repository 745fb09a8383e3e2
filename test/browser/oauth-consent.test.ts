import { createServer, type Server } from 'node:http'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../embedded/postgres.ts'
import { buildPage } from '../../scripts/build-page.ts'
import { expectAccessible } from '../support/axe.ts'
import { openBrowser, openPage, shoot } from '../support/browser.ts'
import { call, rpc, type Service, startService } from '../support/service.ts'
import { makeShop, makeUser, type Shop } from '../support/shop.ts'

const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const CONNECT = { url: '/mcp/connect' }

let service: Service
let chromium: Awaited<ReturnType<typeof openBrowser>>
let application: Server
let callback: string
let origin: string
let sol: Shop
let luna: Shop
let page: Page
let complaints: string[]

beforeAll(async () => {
  chromium = await openBrowser()
  await buildPage()
  const port = await freePort()
  origin = `http://localhost:${port}`
  service = await startService({
    users: ['ana', 'beto', 'rtl'],
    config: { PORT: String(port) },
    pageSignsIn: true,
  })
  sol = await makeShop(service.db, { name: 'Tienda Sol' })
  luna = await makeShop(service.db, { name: '<b>Café</b> Luna & Hijos' })
  await makeUser(service.db, 'ana', [
    { shop: sol, role: 'owner' },
    { shop: luna, role: 'cashier' },
  ])
  await makeUser(service.db, 'beto', [{ shop: sol, role: 'cashier' }])
  const rtl = await makeShop(service.db, { name: '\u202eمتجر <script>alert(1)</script>' })
  await makeUser(service.db, 'rtl', [
    { shop: rtl, role: 'owner' },
    { shop: sol, role: 'owner' },
  ])
  await service.app.listen({ host: 'localhost', port })

  application = createServer((_request, response) => response.end('back at the application')).listen(0, '127.0.0.1')
  await new Promise((resolve) => application.once('listening', resolve))
  callback = `http://127.0.0.1:${(application.address() as { port: number }).port}/callback`
})
afterAll(async () => {
  application?.close()
  await chromium?.close()
  await service?.close()
})
afterEach(async () => {
  await page.close()
  expect(complaints).toEqual([])
})

it('reads only unless the merchant says more, and keeps from the client what was unchecked', async () => {
  const clientId = await openConsent('ana')
  expect(await page.getByLabel('Read only').isChecked()).toBe(true)
  const words = await page.locator('main').innerText()
  expect(words).toContain('An application that calls itself Claude wants to work with 2 businesses.')
  expect(words).toContain(`Your browser goes to ${new URL(callback).host} (an application on this computer) next.`)
  expect(words).toContain('cancel and refund them: money is given back')
  expect(words).toContain('<b>Café</b> Luna & Hijos')
  await shoot(page, 'consent')

  await page.getByLabel('Sales reports and summaries').uncheck()
  await page.getByLabel('Clients’ data').uncheck()
  await page.getByLabel('<b>Café</b> Luna & Hijos').uncheck()
  const token = await allow(clientId)

  expect(token.scope).toBe('pos:read psa:read')
  const names = await toolsOf(token.access_token)
  expect(names).toContain('list_orders')
  for (const missing of ['create_order', 'summarize_day', 'list_clients', 'set_active_business']) {
    expect(names).not.toContain(missing)
  }
  for (const [args, headers] of [
    [{ businessId: luna.id }, CONNECT],
    [{}, { url: `/mcp/connect?businessId=${luna.id}` }],
    [{}, { ...CONNECT, 'x-flowpos-business-id': luna.id }],
  ] as const) {
    const { text } = await call(service.app, token.access_token, 'list_orders', args, headers)
    expect(text).toMatch(/^business_not_available: /)
    expect(text).not.toContain('Luna')
  }
})

it('does not offer businesses whose owner bars the client, and says so', async () => {
  const restrict = (id: string, clients: string[] | null) =>
    service.db.asOwner('update business set allowed_clients = $2 where id = $1', [id, clients])
  await restrict(luna.id, ['claude.ai'])
  await openConsent('ana')
  await page.getByText('Not allowed there by an owner or admin: <b>Café</b> Luna & Hijos.').waitFor()
  expect(await page.locator('#consent').innerText()).toContain('wants to work with Tienda Sol')
  await shoot(page, 'consent-barred')
  await expectAccessible(page)
  await page.close()
  await restrict(sol.id, ['claude.ai'])
  await openConsent('ana')
  await page.getByText('None of your businesses allows this application.').waitFor()
  expect(await page.getByRole('button', { name: 'Allow', exact: true }).isVisible()).toBe(false)
  expect(await page.getByText('Your role in these businesses').isVisible()).toBe(false)
  await shoot(page, 'consent-none')
  for (const { id } of [sol, luna]) await restrict(id, null)
})

it('lets the client change things when the merchant chooses that, for all businesses', async () => {
  const clientId = await openConsent('ana')
  await page.getByLabel('Read and change').check()
  const token = await allow(clientId)
  expect(token.scope).toBe('pos:read pos:write reports:read psa:read pos:intents clients:read')
  const { data } = await call(service.app, token.access_token, 'get_context', {}, CONNECT)
  expect(data.businesses).toHaveLength(2)
  const all = await call(service.app, token.access_token, 'summarize_day', { allBusinesses: true }, CONNECT)
  // In the other business the merchant is a cashier.
  expect(all.data.days).toHaveLength(1)
})

it('offers what the roles in the chosen businesses allow, and needs one business', async () => {
  await openConsent('ana')
  const reports = page.getByLabel('Sales reports and summaries')
  expect(await reports.isVisible()).toBe(true)
  await page.getByLabel('Tienda Sol').uncheck()
  expect(await reports.isVisible()).toBe(false)
  await page.getByLabel('<b>Café</b> Luna & Hijos').uncheck()
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await page.getByText('Choose at least one business.').waitFor()
  await shoot(page, 'consent-no-business')
  await page.getByLabel('Tienda Sol').check()
  expect(await reports.isChecked()).toBe(true)
  expect(await page.getByLabel('Read only').isChecked()).toBe(true)
})

it('asks a cashier of one business for neither reports nor businesses', async () => {
  const clientId = await openConsent('beto')
  expect(await page.locator('main').innerText()).toContain('wants to work with Tienda Sol.')
  for (const hidden of ['Sales reports and summaries', 'Projects', 'In which businesses']) {
    expect(await page.getByText(hidden).isVisible()).toBe(false)
  }
  await shoot(page, 'consent-cashier')
  expect((await allow(clientId)).scope).toBe('pos:read clients:read')
})

it('shows only what the client asks for', async () => {
  const clientId = await openConsent('beto', { scope: 'pos:read' })
  expect(await page.getByLabel('Read only').isVisible()).toBe(true)
  for (const hidden of ['Read and change', 'What else it may see']) {
    expect(await page.getByText(hidden).isVisible()).toBe(false)
  }
  expect((await allow(clientId)).scope).toBe('pos:read')
})

it('can be refused, which gives the client nothing', async () => {
  await openConsent('ana')
  await page.getByRole('button', { name: 'Do not allow' }).click()
  await page.getByText('back at the application').waitFor()
  const answer = new URL(page.url()).searchParams
  expect(answer.get('error')).toBe('access_denied')
  expect(answer.get('code')).toBeNull()
})

it('speaks Spanish to those who do', async () => {
  const clientId = await openConsent('ana', { locale: 'es-GT' })
  expect(await page.locator('html').getAttribute('lang')).toBe('es')
  expect(await page.title()).toBe('Conectar con FlowPOS')
  const words = await page.locator('main').innerText()
  expect(words).toContain('Una aplicación que dice llamarse Claude quiere trabajar con 2 negocios.')
  expect(words).toContain('se devuelve dinero')
  expect(words).toContain('propietario')
  for (const english of ['Allow', 'Read', 'Your', 'business', 'cashier', 'computer)'])
    expect(words).not.toContain(english)
  await shoot(page, 'consent-es')
  await page.getByLabel('Leer y cambiar').check()
  expect((await allow(clientId, 'Permitir')).scope).toContain('pos:write')
})

it('shows names that are made to deceive as text, in their place', async () => {
  await openConsent('rtl', { name: '\u202e<img src=x onerror=alert(1)> edualC' })
  const words = await page.locator('main').innerText()
  expect(words).toContain('An application that calls itself <img src=x onerror=alert(1)> edualC wants to work with')
  expect(words).toContain('متجر <script>alert(1)</script>')
  expect(words).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
  expect(await page.locator('main img, main script').count()).toBe(0)
  await shoot(page, 'consent-hostile')
})

it('names the host that describes a client, if it is not the client that did', async () => {
  await openConsent('beto', { publisher: 'claude.ai' })
  const words = await page.locator('main').innerText()
  expect(words).toContain('Its description comes from claude.ai. Your browser goes to')
  await shoot(page, 'consent-published')
})

it('shows in the settings what a connection was narrowed to', async () => {
  const clientId = await openConsent('ana', { name: 'Narrow assistant' })
  await page.getByLabel('Clients’ data').uncheck()
  await page.getByLabel('<b>Café</b> Luna & Hijos').uncheck()
  await allow(clientId)
  await page.goto(`${origin}/settings/mcp/token`)
  await page.locator('input[type=email]').fill('ana@example.com')
  await page.locator('input[type=password]').fill('password')
  await page.locator('input[type=password]').press('Enter')
  const item = page.locator('.item', { hasText: 'Narrow assistant' })
  await item.waitFor()
  expect(await item.innerText()).toMatch(/without the clients’ data\s+Businesses\s+Tienda Sol\n?/)
  await shoot(page, 'settings-connection')
})

interface Opened {
  /** The host of the client's metadata document, which cannot be fetched here. */
  publisher?: string
  scope?: string
  locale?: string
  name?: string
}

/** Opens the consent page for a new client. @returns the client's id */
async function openConsent(
  uid: string,
  { scope, locale = 'en-US', name = 'Claude', publisher }: Opened = {},
): Promise<string> {
  // Sign-ins of later than the service's instant would be refused.
  service.now = new Date()
  ;({ page, complaints } = await openPage(chromium.browser))
  await speak(locale)
  if (publisher !== undefined) {
    await page.route('**/details', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), publisher } })
    })
  }
  const registered = await service.app.inject({
    method: 'POST',
    url: '/oauth/register',
    payload: { client_name: name, redirect_uris: [callback], token_endpoint_auth_method: 'none' },
  })
  const { client_id } = registered.json<{ client_id: string }>()
  const url = new URL(`${origin}/oauth/authorize`)
  url.search = new URLSearchParams({
    client_id,
    response_type: 'code',
    redirect_uri: callback,
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...(scope === undefined ? {} : { scope }),
  }).toString()
  await page.goto(url.href)
  await page.locator('input[type=email]').fill(`${uid}@example.com`)
  await page.locator('input[type=password]').fill('password')
  await page.locator('input[type=password]').press('Enter')
  await page.locator('#consent').waitFor()
  return client_id
}

/** Lets the browser prefer a language, as its settings do. */
async function speak(locale: NonNullable<BrowserContextOptions['locale']>): Promise<void> {
  await page.addInitScript(`Object.defineProperty(navigator, 'languages', { get: () => ['${locale}'] })`)
}

/** Allows what is chosen. @returns the tokens that the client fetches */
async function allow(clientId: string, button = 'Allow'): Promise<{ access_token: string; scope: string }> {
  await page.getByRole('button', { name: button, exact: true }).click()
  await page.getByText('back at the application').waitFor()
  const response = await fetch(`${origin}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: clientId,
      grant_type: 'authorization_code',
      code: new URL(page.url()).searchParams.get('code') as string,
      code_verifier: VERIFIER,
      redirect_uri: callback,
    }),
  })
  expect(response.status).toBe(200)
  return response.json() as Promise<{ access_token: string; scope: string }>
}

async function toolsOf(token: string): Promise<string[]> {
  const { body } = await rpc(service.app, token, 'tools/list', {}, CONNECT)
  return body.result.tools.map(({ name }: { name: string }) => name)
}
