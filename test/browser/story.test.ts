/** What the page is for, from end to end: a merchant connects a published client, sees what it does, and ends it. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { buildPage } from '../../scripts/build-page.ts'
import { mcpRemote } from '../clients/oauth/mcp-remote.ts'
import { startComputer } from '../clients/oauth/merchants-computer.ts'
import { openBrowser, openPage, PHONE, shoot } from '../support/browser.ts'
import { type ClientDocuments, startClientDocuments } from '../support/client-documents.ts'
import { FIRST_DAY, type Merchant, startMerchant } from '../support/merchant.ts'
import { makeUser } from '../support/shop.ts'

const WAIT_MS = 15_000
/** As mcp-remote calls itself. */
const CLIENT = 'MCP CLI Proxy'

const en = {
  ...{ email: 'Email', password: 'Password', signIn: 'Sign in', signOut: 'Sign out', copy: 'Copy: Address' },
  ...{
    allow: 'Allow',
    end: 'End',
    asked: 'asked for the summary of a day',
    refresh: 'Refresh',
  },
  ...{ restrict: 'Only these applications', computer: 'Programs on a computer', save: 'Save', saved: 'Saved.' },
}
const es: typeof en = {
  ...{ email: 'Correo electrónico', password: 'Contraseña', signIn: 'Iniciar sesión', signOut: 'Cerrar sesión' },
  ...{ copy: 'Copiar: Dirección', allow: 'Permitir', end: 'Desconectar', asked: 'pidió el resumen de un día' },
  ...{ refresh: 'Actualizar', restrict: 'Solo estas aplicaciones' },
  ...{ computer: 'Programas en un ordenador', save: 'Guardar', saved: 'Guardado.' },
}

let documents: ClientDocuments
let merchant: Merchant

beforeAll(async () => {
  await buildPage()
  documents = await startClientDocuments()
  merchant = await startMerchant([{ uid: 'sara' }, { uid: 'sofia' }], { pageSignsIn: true, network: documents.network })
  for (const uid of ['sara', 'sofia']) {
    await makeUser(merchant.service.db, uid, [{ shop: merchant.first, role: 'owner' }])
  }
})
afterAll(async () => {
  await merchant?.service.close()
  await documents?.close()
})

it.each([
  ['in English, at a desk', 'sara', 'en-US', {}, en],
  ['in Spanish, on a phone', 'sofia', 'es-GT', PHONE, es],
])('a merchant connects, asks, looks, restricts and ends: %s', async (_name, uid, locale, device, words) => {
  const { browser, close } = await openBrowser(locale, device)
  onTestFinished(close)
  const { page, complaints } = await openPage(browser)
  page.setDefaultTimeout(WAIT_MS)
  const view = (name: string) => page.goto(`${merchant.origin}/settings/mcp/${name}`)
  const button = (name: string) => page.getByRole('button', { name, exact: true })

  merchant.service.now = new Date()
  await view('')
  await signIn(page, uid, words)
  await button(words.signOut).waitFor()
  await button(words.copy).click()
  const address = String(await page.evaluate('navigator.clipboard.readText()'))
  expect(address).toBe(merchant.connectUrl)

  const computer = await startComputer(merchant, async (url) => {
    const consent = await browser.newPage()
    await consent.goto(url)
    await signIn(consent, uid, words)
    await consent.getByRole('button', { name: words.allow, exact: true }).click()
    await consent.waitForURL(({ origin }) => origin !== merchant.origin)
    await consent.close()
    return url
  })
  onTestFinished(() => computer.close())
  const client = await mcpRemote().connect(address, computer, documents)
  onTestFinished(() => client.close())
  /** What the client tells the model, or that it could not ask. */
  const ask = () => client.call(['summarize_day']).then(([text]) => text, String)

  await view('assistants')
  const item = page.locator('.item').filter({ hasText: CLIENT })
  await item.waitFor()
  expect(await item.innerText()).toContain(merchant.first.name)
  await shoot(page, `story-${locale}-connected`)

  expect(await ask()).toMatch(FIRST_DAY)
  await view('activity')
  const asked = page.locator('.activity li').filter({ hasText: `${uid}@example.com ${words.asked} · ${CLIENT}` })
  // Reads are recorded a little later.
  await expect
    .poll(
      async () => {
        await button(words.refresh).click()
        return asked.count()
      },
      { timeout: WAIT_MS, interval: 500 },
    )
    .toBe(1)
  await shoot(page, `story-${locale}-activity`)

  await view('assistants')
  await page.getByLabel(words.restrict, { exact: true }).check()
  await page.getByLabel(words.computer).uncheck()
  await save()
  expect(await ask()).toContain('does not allow this application')
  await page.getByLabel(words.restrict, { exact: true }).first().uncheck()
  await save()
  expect(await ask()).toMatch(FIRST_DAY)

  await button(`${words.end}: ${CLIENT}`).click()
  await page.getByRole('dialog').getByRole('button', { name: words.end, exact: true }).click()
  await item.waitFor({ state: 'detached' })
  expect(await ask()).toContain('has ended this connection')
  expect(complaints).toEqual([])

  async function save(): Promise<void> {
    const done = page.waitForResponse((response) => response.url().endsWith('/mcp/assistants/policy'))
    await button(words.save).click()
    expect((await done).status()).toBe(200)
    await page.getByText(words.saved, { exact: true }).waitFor()
  }
})

async function signIn(page: Page, uid: string, words: typeof en): Promise<void> {
  await page.getByLabel(words.email).fill(`${uid}@example.com`)
  await page.getByLabel(words.password).fill('password')
  await page.getByRole('button', { name: words.signIn, exact: true }).click()
}
