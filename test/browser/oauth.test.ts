import { createServer, type Server } from 'node:http'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { freePort } from '../../embedded/postgres.ts'
import { buildPage } from '../../scripts/build-page.ts'
import { openBrowser, openPage, shoot } from '../support/browser.ts'
import { type Service, startService } from '../support/service.ts'
import { makeShop, makeUser } from '../support/shop.ts'

let service: Service
let chromium: Awaited<ReturnType<typeof openBrowser>>
let application: Server
let callback: string
let origin: string
let page: Page
let complaints: string[]

beforeAll(async () => {
  chromium = await openBrowser()
  await buildPage()
  const port = await freePort()
  origin = `http://localhost:${port}`
  service = await startService({ users: ['ana', 'beto'], config: { PORT: String(port) }, pageSignsIn: true })
  const shop = await makeShop(service.db, { name: '<b>Tienda Sol</b> de las Ánimas & Hijos' })
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  await makeUser(service.db, 'beto', [{ shop, role: 'cashier' }])
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

beforeEach(async () => {
  ;({ page, complaints } = await openPage(chromium.browser))
})
afterEach(async () => {
  await page.close()
  expect(complaints).toEqual([])
})

it('signs the merchant in, asks, and goes back to the application with a code', async () => {
  await page.goto(await authorizationUrl())
  await page.getByLabel('Password').waitFor()
  await shoot(page, 'oauth-sign-in')
  await signIn('ana', 'wrong-password')
  await page.getByText('Email or password is wrong').waitFor()
  await shoot(page, 'oauth-wrong-password')
  await signIn('ana')

  await page.getByRole('heading', { name: 'Connect to FlowPOS' }).waitFor()
  expect(await page.locator('main').textContent()).toContain('<b>Tienda Sol</b> de las Ánimas & Hijos')
  expect(await page.getByText('Sales reports and summaries').isVisible()).toBe(true)
  await shoot(page, 'oauth-consent')
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await page.getByText('back at the application').waitFor()
  const answer = new URL(page.url()).searchParams
  expect(answer.get('code')).toMatch(/./)
  expect(answer.get('iss')).toBe(`${origin}/oauth`)
})

it('lets another person of the same browser sign in, and refuse', async () => {
  await page.goto(await authorizationUrl())
  await signIn('beto')
  await page.getByRole('heading', { name: 'Connect to FlowPOS' }).waitFor()
  expect(await page.getByText('Sales reports and summaries').isVisible()).toBe(false)
  await page.getByRole('button', { name: 'Do not allow' }).click()
  await page.getByText('back at the application').waitFor()
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
})

it('offers nothing to allow if the role grants none of the requested scopes', async () => {
  await page.goto(await authorizationUrl('reports:read'))
  await signIn('beto')
  await page.getByText('Your role in these businesses allows nothing of what it asks for.').waitFor()
  expect(await page.getByText('What it may do', { exact: true }).isVisible()).toBe(false)
  expect(await page.getByRole('button').allTextContents()).toEqual(['Do not allow'])
  await shoot(page, 'oauth-refused')
})

it('says what to do when the sign-in has expired', async () => {
  await page.goto(`${origin}/oauth/interaction/long-gone`)
  await page.getByText('start the connection again').waitFor()
  await shoot(page, 'oauth-error')
})

async function authorizationUrl(scope?: string): Promise<string> {
  const registered = await service.app.inject({
    method: 'POST',
    url: '/oauth/register',
    payload: { client_name: 'Claude', redirect_uris: [callback], token_endpoint_auth_method: 'none' },
  })
  const url = new URL(`${origin}/oauth/authorize`)
  url.search = new URLSearchParams({
    client_id: registered.json().client_id,
    response_type: 'code',
    redirect_uri: callback,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...(scope === undefined ? {} : { scope }),
  }).toString()
  return url.href
}

async function signIn(uid: string, password = 'password'): Promise<void> {
  await page.getByLabel('Email').fill(`${uid}@example.com`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}
