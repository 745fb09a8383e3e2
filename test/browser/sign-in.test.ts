import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { totp } from '../../embedded/issuer/second-factors.ts'
import { freePort } from '../../embedded/postgres.ts'
import { buildPage } from '../../scripts/build-page.ts'
import { openBrowser, openPage, shoot } from '../support/browser.ts'
import { type Service, startService } from '../support/service.ts'
import { makeShop, makeUser } from '../support/shop.ts'

const TOTP_SECRET = '12345678901234567890'
const PHONE = '+50255501234'
const PAGES = ['settings', 'oauth'] as const

let service: Service
let english: Awaited<ReturnType<typeof openBrowser>>
let spanish: Awaited<ReturnType<typeof openBrowser>>
let axe: string
let origin: string
let page: Page
let complaints: string[]

beforeAll(async () => {
  english = await openBrowser('en-US')
  spanish = await openBrowser('es-GT')
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await buildPage()
  const port = await freePort()
  origin = `http://localhost:${port}`
  service = await startService({
    users: [
      { uid: 'ana', displayName: 'Ana Lucía Morales' },
      { uid: 'nadie', displayName: 'Nadie' },
      { uid: 'eva', providers: ['password'], secondFactors: [{ id: 'app', totpSecret: TOTP_SECRET }] },
      {
        uid: 'luis',
        secondFactors: [
          { id: 'mobile', phone: PHONE },
          { id: 'app', name: 'Aegis', totpSecret: TOTP_SECRET },
        ],
      },
      { uid: 'maria', secondFactors: [{ id: 'mobile', phone: PHONE }] },
      { uid: 'off' },
      { uid: 'tired' },
    ],
    config: { PORT: String(port), FIREBASE_AUTH_DOMAIN: 'localhost' },
    pageSignsIn: true,
  })
  service.issuer.disable('off')
  const shop = await makeShop(service.db, { name: 'Tienda Sol' })
  for (const uid of ['ana', 'eva', 'luis']) await makeUser(service.db, uid, [{ shop, role: 'owner' }])
  await service.app.listen({ host: 'localhost', port })
})
afterAll(async () => {
  await english?.close()
  await spanish?.close()
  await service?.close()
})

beforeEach(async () => {
  service.now = new Date()
  ;({ page, complaints } = await openPage(english.browser))
})
afterEach(async () => {
  await page.close()
  expect(complaints).toEqual([])
})

describe.each(PAGES)('%s: the sign-in', (which) => {
  it('begins in the first field, is the same on both pages, and breaks no rule of axe', async () => {
    await open(which)
    expect(await focused()).toBe('email')
    expect(await page.locator('#sign-in-forms').getByRole('button').allTextContents()).toEqual([
      'Sign in',
      'Forgot your password?',
      'Continue with Google',
    ])
    await check(`${which}-sign-in`)
  })

  it('says that email or password is wrong, at the fields, too', async () => {
    await open(which)
    await signIn('ana', 'wrong')
    await page.getByText('Email or password is wrong.').waitFor()
    const password = page.getByLabel('Password')
    expect(await focused()).toBe('password')
    expect(await password.getAttribute('aria-invalid')).toBe('true')
    expect(await page.locator(`#${await password.getAttribute('aria-describedby')}`).textContent()).toBe(
      'Email or password is wrong.',
    )
    await check(`${which}-wrong-password`)
    await password.fill('password')
    expect(await password.getAttribute('aria-invalid')).toBeNull()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await signedIn(which)
  })

  it.each([
    [400, 'API key not valid. Please pass a valid API key.', 'refuses the web API key'],
    [403, 'Requests from referer https://api.flowpos.app/ are blocked.', 'refuses the web API key'],
    [403, 'Requests to this API identitytoolkit method are blocked.', 'refuses the web API key'],
    [503, 'UNAVAILABLE', 'does not answer'],
    [503, 'The service is currently unavailable.', 'does not answer'],
    [400, 'OPERATION_NOT_ALLOWED', 'is not switched on'],
    [400, 'PASSWORD_LOGIN_DISABLED', 'is not switched on'],
    [400, 'CONFIGURATION_NOT_FOUND', 'is not switched on'],
    [400, 'SOMETHING_NEW', 'The sign-in did not work'],
  ])('has words for %i %s', async (status, message, words) => {
    await open(which)
    await page.route('**/accounts:signInWithPassword*', (route) =>
      route.fulfill({
        status,
        json: { error: { code: status, message } },
        headers: { 'access-control-allow-origin': '*' },
      }),
    )
    await signIn('ana')
    const problem = page.getByRole('alert').filter({ hasText: words })
    await problem.waitFor()
    expect(await problem.textContent()).not.toMatch(/auth\/|\(|_/)
    expect(await page.getByLabel('Password').getAttribute('aria-invalid')).toBeNull()
  })

  it('says that the network is away', async () => {
    await open(which)
    await page.route('**/accounts:signInWithPassword*', (route) => route.abort())
    await signIn('ana')
    await page.getByText('The sign-in service does not answer.').waitFor()
  })

  it('says that the account is switched off', async () => {
    await open(which)
    await signIn('off')
    await page.getByText('This account is switched off.').waitFor()
  })

  it('says that there were too many attempts', async () => {
    for (let i = 0; i < 10; i++) {
      await fetch(`${service.issuer.url}/v1/accounts:signInWithPassword`, {
        method: 'POST',
        body: JSON.stringify({ email: 'tired@example.com', password: 'wrong' }),
      })
    }
    await open(which)
    await signIn('tired')
    await page.getByText('Too many attempts.').waitFor()
  })

  it('says that somebody is no member of a business', async () => {
    await open(which)
    await signIn('nadie')
    await page.getByText('You are not a member of any business.').waitFor()
  })

  it('sends a link for a new password, and tells nobody who has an account', async () => {
    await open(which)
    await page.getByLabel('Email').fill('ana@example.com')
    await page.getByRole('button', { name: 'Forgot your password?' }).click()
    expect(await focused()).toBe('reset-email')
    await check(`${which}-forgot`)
    const answers: (string | null)[] = []
    for (const email of ['ana@example.com', 'nobody@example.com']) {
      await page.getByLabel('Email').fill(email)
      await page.getByRole('button', { name: 'Send the link' }).click()
      const sent = page.getByText(`If there is an account for ${email}`)
      await sent.waitFor()
      answers.push(((await sent.textContent()) ?? '').replace(email, 'EMAIL'))
    }
    expect(answers[0]).toBe(answers[1])
    expect(service.messages.splice(0)).toMatchObject([{ to: 'ana@example.com', kind: 'reset-password' }])
    await check(`${which}-forgot-sent`)
    await page.getByRole('button', { name: 'Back to sign-in' }).click()
    await signIn('ana')
    await signedIn(which)
  })

  it('signs in with Google in a pop-up', async () => {
    await open(which)
    const [popUp] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('button', { name: 'Continue with Google' }).click(),
    ])
    await popUp.getByRole('heading', { name: 'Sign in with Google' }).waitFor()
    if (which === 'settings') await shoot(popUp, 'google-picker')
    await popUp.getByRole('button', { name: 'Ana Lucía Morales' }).click()
    await signedIn(which)
    expect(await page.evaluate('document.activeElement.tagName')).toMatch(/^H[12]$/)
  })

  it('says that the person closed the pop-up, or that the account signs in in another way', async () => {
    await open(which)
    const pick = async (name: string) => {
      const [popUp] = await Promise.all([
        page.waitForEvent('popup'),
        page.getByRole('button', { name: 'Continue with Google' }).click(),
      ])
      await popUp.getByRole('button', { name }).click()
    }
    await pick('Cancel')
    await page.getByText('The sign-in window was closed').waitFor()
    await pick('eva')
    await page.getByText('This account signs in in another way.').waitFor()
  })

  it('says that the browser blocks pop-ups', async () => {
    await page.addInitScript('window.open = () => null')
    await open(which)
    await page.getByRole('button', { name: 'Continue with Google' }).click()
    await page.getByText('The browser blocked the sign-in window.').waitFor()
  })

  it("says that Google's script for pop-ups cannot be loaded", async () => {
    await page.route('https://apis.google.com/**', (route) => route.abort())
    await open(which)
    await page.getByRole('button', { name: 'Continue with Google' }).click()
    await page.getByText('The sign-in service does not answer.').waitFor()
  })

  it('asks for the code of an authenticator app', async () => {
    await open(which)
    await signIn('eva')
    await page.getByRole('heading', { name: 'Second step' }).waitFor()
    expect(await focused()).toBe('factor-code')
    await check(`${which}-second-factor`)
    await page.getByLabel('Code').fill('000000')
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await page.getByText('This code is wrong.').waitFor()
    expect(await page.getByLabel('Code').getAttribute('aria-invalid')).toBe('true')
    await check(`${which}-wrong-code`)
    const code = totp(TOTP_SECRET, Date.now() / 1000)
    await page.getByLabel('Code').fill(`${code.slice(0, 3)} ${code.slice(3)}`)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await signedIn(which)
  })

  it('asks for a second factor after a pop-up as well, and sends its code by SMS if the person wants that', async () => {
    await open(which)
    const [popUp] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('button', { name: 'Continue with Google' }).click(),
    ])
    await popUp.getByRole('button', { name: 'luis' }).click()
    await page.getByText('Type the code that your authenticator app shows.').waitFor()
    expect(service.messages).toEqual([])
    await page.getByRole('button', { name: 'Get a code by SMS (+*******1234)' }).click()
    await page.getByText('Type the code that was sent to +*******1234.').waitFor()
    await check(`${which}-sms`)
    const [message] = service.messages.splice(0)
    expect(message).toMatchObject({ to: PHONE, kind: 'sms' })
    await page.getByLabel('Code').fill(message?.code as string)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await signedIn(which)
  })
})

describe('what the project has', () => {
  it('is offered by name, without a form if there are no passwords', async () => {
    await withSettings({ providers: ['google.com', 'microsoft.com', 'apple.com', 'oidc.okta', 'saml.acme'] })
    await page.getByRole('button', { name: 'Continue with Google' }).waitFor()
    expect(await page.locator('#sign-in-forms').getByRole('button').allTextContents()).toEqual([
      'Continue with Google',
      'Continue with Microsoft',
      'Continue with Apple',
      'Continue with okta',
      'Continue with acme',
    ])
    expect(await page.getByLabel('Password').count()).toBe(0)
    const [popUp] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('button', { name: 'Continue with Microsoft' }).click(),
    ])
    await popUp.getByRole('heading', { name: 'Sign in with Microsoft' }).waitFor()
    await popUp.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('The sign-in window was closed').waitFor()
    await check('settings-providers')
  })

  it('does not include codes by SMS unless reCAPTCHA may run', async () => {
    // As in production, whose Identity Toolkit is the issuer here.
    await page.route('https://identitytoolkit.googleapis.com/**', async (route) => {
      const request = route.request()
      if (request.method() === 'OPTIONS') return route.fallback()
      const { pathname } = new URL(request.url())
      const response = await fetch(service.issuer.url + pathname, { method: 'POST', body: request.postData() })
      return route.fulfill({
        status: response.status,
        json: await response.json(),
        headers: { 'access-control-allow-origin': '*' },
      })
    })
    await page.route('**/settings/mcp/token', async (route) => {
      const response = await route.fetch()
      const headers = response.headers()
      const policy = String(headers['content-security-policy'])
      headers['content-security-policy'] = policy.replace(service.issuer.url, 'https://identitytoolkit.googleapis.com')
      return route.fulfill({ response, headers })
    })
    await withSettings({ providers: ['password'], authDomain: null, identityUrl: null })
    await signIn('maria')
    await page.getByText('Codes by SMS are not set up on this page.').waitFor()
  })

  async function withSettings(signIn: object): Promise<void> {
    await page.route('**/settings.json', async (route) => {
      const settings = (await (await route.fetch()).json()) as { signIn: object }
      return route.fulfill({ json: { ...settings, signIn: { ...settings.signIn, ...signIn } } })
    })
    await page.goto(`${origin}/settings/mcp/token`)
  }
})

describe('settings: a session', () => {
  it('that ends says so, and keeps what was typed', async () => {
    await open('settings')
    await signIn('ana')
    await signedIn('settings')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('AI Assistant')
    await page.getByRole('textbox', { name: 'Label' }).fill('Claude on my laptop')
    service.issuer.revoke('ana')
    await page.getByRole('button', { name: 'Generate Token' }).click()
    await page.getByText('Your session has expired. Sign in again.').waitFor()
    expect(await focused()).toBe('email')
    await check('settings-expired')
    await signIn('ana')
    await signedIn('settings')
    expect(await page.getByRole('textbox', { name: 'Label' }).inputValue()).toBe('Claude on my laptop')
    await page.getByRole('button', { name: 'Generate Token' }).click()
    await page.getByRole('heading', { name: 'Your token' }).waitFor()
  })

  it('that ended while the page was closed says so; one that the person ended does not', async () => {
    await open('settings')
    await signIn('ana')
    await signedIn('settings')
    await page.route('**/accounts:lookup*', (route) =>
      route.fulfill({
        status: 400,
        json: { error: { code: 400, message: 'TOKEN_EXPIRED' } },
        headers: { 'access-control-allow-origin': '*' },
      }),
    )
    await page.reload()
    await page.getByText('Your session has expired. Sign in again.').waitFor()
    await page.unroute('**/accounts:lookup*')
    await signIn('ana')
    await signedIn('settings')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Email').waitFor()
    expect(await page.getByText('Your session has expired.').isVisible()).toBe(false)
  })
})

describe('oauth: the page', () => {
  it('keeps nobody signed in with Firebase, even if the service refuses them', async () => {
    await open('oauth')
    await signIn('nadie')
    await page.getByText('You are not a member of any business.').waitFor()
    const kept = 'JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])'
    expect(await page.evaluate(kept)).not.toMatch(/firebase|nadie|eyJ/)
    // Not the database of its sessions, only the one of its usage statistics.
    expect(await page.evaluate('indexedDB.databases().then((all) => all.map(({ name }) => name))')).toEqual([
      'firebase-heartbeat-database',
    ])
  })

  it('says that the sign-in took too long', async () => {
    await open('oauth')
    await page.context().clearCookies()
    await signIn('ana')
    await page.getByText('This sign-in has expired or was finished already.').waitFor()
  })
})

describe('in Spanish', () => {
  beforeEach(async () => {
    await page.close()
    ;({ page, complaints } = await openPage(spanish.browser))
  })

  it.each(PAGES)('%s signs in', async (which) => {
    await open(which)
    expect(await page.evaluate('document.documentElement.lang')).toBe('es')
    await check(`${which}-sign-in-es`)
    const form = page.locator('#sign-in-form')
    await page.getByLabel('Correo electrónico').fill('eva@example.com')
    await page.getByLabel('Contraseña').fill('wrong')
    await form.getByRole('button', { name: 'Iniciar sesión' }).click()
    await page.getByText('El correo o la contraseña no son correctos.').waitFor()
    await check(`${which}-wrong-password-es`)
    await page.getByRole('button', { name: '¿Olvidaste tu contraseña?' }).click()
    await page.getByRole('button', { name: 'Enviar el enlace' }).click()
    await page.getByText('Si hay una cuenta para eva@example.com').waitFor()
    await check(`${which}-forgot-es`)
    service.messages.splice(0)
    await page.getByRole('button', { name: 'Volver al inicio de sesión' }).click()
    await page.getByLabel('Contraseña').fill('password')
    await form.getByRole('button', { name: 'Iniciar sesión' }).click()
    await page.getByRole('heading', { name: 'Segundo paso' }).waitFor()
    await check(`${which}-second-factor-es`)
    expect(await page.locator('main').innerText()).not.toMatch(/\b(sign|password|code|your|with)\b/i)
  })

  it.each([
    ['http://127.0.0.1:33418/callback', '127.0.0.1:33418 (una aplicación en esta computadora).'],
    ['cursor://anysphere.cursor-mcp/callback', 'cursor://anysphere.cursor-mcp (una aplicación en este dispositivo).'],
    ['https://claude.ai/callback', 'va a claude.ai.'],
  ])('says where the browser goes with %s', async (redirectUri, words) => {
    await page.goto(await authorizationUrl(redirectUri))
    await page.locator('#sign-in-form').waitFor()
    expect(await page.locator('.asks').textContent()).toContain(words)
  })
})

/** Opens the page at its sign-in. */
async function open(which: (typeof PAGES)[number]): Promise<void> {
  await page.goto(which === 'settings' ? `${origin}/settings/mcp/token` : await authorizationUrl())
  await page.locator('#sign-in-form').waitFor()
}

async function signIn(uid: string, password = 'password'): Promise<void> {
  await page.getByLabel('Email').fill(`${uid}@example.com`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Waits for what comes after the sign-in. */
async function signedIn(which: (typeof PAGES)[number]): Promise<void> {
  if (which === 'settings') await page.getByRole('button', { name: 'Generate Token' }).waitFor()
  else await page.getByRole('heading', { name: 'Connect to FlowPOS' }).waitFor()
}

async function focused(): Promise<unknown> {
  return page.evaluate('document.activeElement.id')
}

/** Takes screenshots, and checks the page with axe. */
async function check(name: string): Promise<void> {
  await shoot(page, `sign-in-${name}`)
  // Evaluated by the browser's debugger, which the policy of the page does not concern.
  await page.evaluate(axe)
  const violations = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))',
  )
  expect(violations, name).toEqual([])
}

async function authorizationUrl(redirectUri = 'https://claude.ai/api/mcp/auth_callback'): Promise<string> {
  const registered = await service.app.inject({
    method: 'POST',
    url: '/oauth/register',
    payload: {
      client_name: 'Claude',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
    },
  })
  const url = new URL(`${origin}/oauth/authorize`)
  url.search = new URLSearchParams({
    client_id: registered.json().client_id,
    response_type: 'code',
    redirect_uri: redirectUri,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  }).toString()
  return url.href
}
