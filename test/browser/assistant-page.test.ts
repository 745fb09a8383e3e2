import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildPage } from '../../scripts/build-page.ts'
import { openBrowser, openPage, shoot } from '../support/browser.ts'
import { rpc, type Service, startService } from '../support/service.ts'
import { makeShop, makeUser } from '../support/shop.ts'

let service: Service
let chromium: Awaited<ReturnType<typeof openBrowser>>
let page: Page
let origin: string
let complaints: string[]

beforeAll(async () => {
  chromium = await openBrowser()
  await buildPage()
  service = await startService({ users: ['ana', 'caja', 'nadie'], pageSignsIn: true })
  const luna = await makeShop(service.db, { name: 'Tienda Luna' })
  const sol = await makeShop(service.db, { name: '<b>Tienda Sol</b> de las Ánimas & Hijos' })
  await makeUser(service.db, 'ana', [
    { shop: luna, role: 'owner' },
    { shop: sol, role: 'owner' },
  ])
  await makeUser(service.db, 'caja', [{ shop: luna, role: 'cashier' }])
  const address = await service.app.listen({ host: '127.0.0.1', port: 0 })
  origin = address.replace('127.0.0.1', 'localhost')
})
afterAll(async () => {
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

describe('/settings/mcp', () => {
  it('leads from the sign-in to a working token, and revokes it', async () => {
    await page.goto(`${origin}/settings/mcp`)
    await shoot(page, 'sign-in')
    await signIn('ana', 'wrong-password')
    await page.getByText('Email or password is wrong.').waitFor()
    await signIn('ana')

    await page.getByRole('textbox', { name: 'Label' }).fill('Claude on my laptop')
    await shoot(page, 'tokens-empty')
    await page.getByRole('button', { name: 'Generate Token' }).click()
    await page.getByRole('heading', { name: 'Your token' }).waitFor()
    const token = (await page.locator('#secret-value code').textContent()) ?? ''
    expect(token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(await page.locator('#secret-facts').textContent()).toContain('<b>Tienda Sol</b> de las Ánimas & Hijos')
    await shoot(page, 'token')

    const list = await rpc(service.app, token, 'tools/list')
    expect(list.body.result.tools.map((tool: { name: string }) => tool.name)).toContain('set_active_business')

    await page.locator('#secret-value').getByRole('button', { name: 'Copy' }).click()
    await page.getByText('Copied', { exact: true }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(token)

    await page.getByText('Claude Code', { exact: true }).click()
    const command = await page.locator('#secret-snippets details[open] code').textContent()
    expect(command).toBe(
      `claude mcp add --transport http flowpos ${origin}/mcp \\\n  --header "Authorization: Bearer ${token}"`,
    )
    await shoot(page, 'snippet')

    await page.getByRole('button', { name: 'Revoke Claude on my laptop' }).click()
    await shoot(page, 'confirm')
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('You have no live token.').waitFor()
    expect(await page.content()).not.toContain(token)
    expect((await rpc(service.app, token, 'tools/list')).status).toBe(401)
  })

  it('narrows the permissions and stores no token', async () => {
    await page.goto(`${origin}/settings/mcp`)
    await signIn('ana')
    await page.locator('#token-form').getByText('Permissions').click()
    await page.getByRole('checkbox', { name: 'Change products' }).uncheck()
    await page.getByRole('checkbox', { name: 'See project boards' }).uncheck()
    await page.getByRole('button', { name: 'Generate Token' }).click()
    const facts = page.locator('#secret-facts')
    await facts.getByText('pos:read, reports:read, pos:intents').waitFor()

    const token = (await page.locator('#secret-value code').textContent()) ?? ''
    const kept = await page.evaluate('JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])')
    expect(kept).not.toContain(token)
    await page.reload()
    await page.getByText('Unnamed token').waitFor()
    expect(await page.content()).not.toContain(token)
  })

  it('tells whoever has no business what to do', async () => {
    await page.goto(`${origin}/settings/mcp`)
    await signIn('nadie')
    await page.getByText('You are not a member of any business.').waitFor()
    await shoot(page, 'no-membership')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Email').waitFor()
  })
})

describe('production settings', () => {
  it('without a Firebase key: says that nobody can sign in', async () => {
    const json = { mcpUrl: 'https://api.flowpos.app/mcp', signIn: null }
    await page.route('**/settings.json', (route) => route.fulfill({ json }))
    await page.goto(`${origin}/settings/mcp`)
    await page.getByRole('heading', { name: 'Sign-in is not configured' }).waitFor()
    expect(await page.getByRole('button').count()).toBe(0)
    await shoot(page, 'unconfigured')
  })
})

describe('/settings/mcp/v1', () => {
  it('creates, shows once, revokes and deletes an API key', async () => {
    await page.goto(`${origin}/settings/mcp/v1`)
    await signIn('ana')
    await page.getByLabel('Business').selectOption({ label: '<b>Tienda Sol</b> de las Ánimas & Hijos' })
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

  it('is closed to a cashier', async () => {
    await page.goto(`${origin}/settings/mcp/v1`)
    await signIn('caja')
    await page.getByText('API keys are managed by an owner or admin').waitFor()
    expect(await page.getByRole('button', { name: 'Create API key' }).isVisible()).toBe(false)
    await shoot(page, 'cashier')
  })
})

async function signIn(uid: string, password = 'password'): Promise<void> {
  await page.getByLabel('Email').fill(`${uid}@example.com`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}
