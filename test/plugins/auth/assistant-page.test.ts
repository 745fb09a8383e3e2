import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import helmet from '@fastify/helmet'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import settings from '../../../plugins/auth/assistant-page.ts'
import credentialGuard from '../../../plugins/auth/credential-guard.ts'
import pages from '../../../plugins/auth/pages.ts'
import errors from '../../../plugins/http/errors.ts'
import hostCheck from '../../../plugins/http/host-check.ts'
import { buildPage } from '../../../scripts/build-page.ts'
import { loadConfig } from '../../../src/config.ts'
import { SECRET, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

const ADDRESSES = ['', '/assistants', '/activity', '/token', '/v1'].map((view) => `/settings/mcp${view}`)

let service: Service

beforeAll(async () => {
  await buildPage()
  service = await startService({ users: ['ana', 'caja', 'nadie'], pageSignsIn: true })
})
afterAll(() => service?.close())

/** What the page loads. */
async function assets(): Promise<string[]> {
  const { body } = await get('/settings/mcp')
  return [...body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, file]) => file as string)
}

const get = (url: string, headers: Record<string, string> = {}) => service.app.inject({ url, headers })

describe('the page', () => {
  it.each(ADDRESSES)('is served at %s without inline script or style', async (url) => {
    const { statusCode, headers, body } = await get(url)
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toMatch(/^text\/html/)
    expect(body).toContain('<title>AI Assistant · FlowPOS</title>')
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/i)
  })

  it.each(ADDRESSES)('has a strict policy at %s', async (url) => {
    const { headers } = await get(url)
    expect(headers['content-security-policy']).toBe(
      [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        `connect-src 'self' ${service.issuer.url}`,
        "frame-src 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join(';'),
    )
    expect(headers['x-frame-options']).toBe('DENY')
    expect(headers['cross-origin-opener-policy']).toBe('same-origin')
  })

  it('leaves the policy of other routes alone', async () => {
    const { headers } = await get('/health/live')
    expect(headers['content-security-policy']).toContain("default-src 'self'")
  })

  it('comes with its scripts and styles, compressed, which browsers keep', async () => {
    const files = await assets()
    expect(files.map((file) => path.extname(file))).toEqual(expect.arrayContaining(['.js', '.css']))
    for (const url of files) {
      const plain = await get(url)
      expect(plain.statusCode).toBe(200)
      expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
      const packed = await get(url, { 'accept-encoding': 'gzip, br' })
      expect(packed.headers['content-encoding']).toBe('br')
      expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length)
    }
  })

  it('serves no file but those, and leads to itself from where people look for it', async () => {
    for (const url of [
      '/assets/nothing.js',
      '/assets/..%2foauth%2findex.html',
      '/assets/%2e%2e%2fsettings%2findex.html',
    ]) {
      expect((await get(url)).statusCode, url).toBe(404)
    }
    for (const url of ['/', '/settings']) expect((await get(url)).headers.location).toBe('/settings/mcp')
  })

  it('holds no secret', async () => {
    const bodies = await Promise.all(
      [...ADDRESSES, ...(await assets()), '/settings/mcp/settings.json'].map((url) => get(url)),
    )
    for (const { body } of bodies) {
      expect(body).not.toContain(SECRET)
      expect(body).not.toContain(service.db.ownerUrl)
    }
  })

  it('is refused under a name that is not ours', async () => {
    expect((await get('/settings/mcp', { host: 'evil.example' })).statusCode).toBe(403)
  })
})

describe('its settings', () => {
  it('point to the development issuer', async () => {
    const { body } = await get('/settings/mcp/settings.json', { host: 'localhost:4000' })
    expect(JSON.parse(body)).toEqual({
      mcpUrl: 'http://localhost:4000/mcp',
      connectUrl: 'http://localhost:4000/mcp/connect',
      links: { website: null, privacy: null, terms: null, support: null },
      signIn: {
        apiKey: 'development',
        projectId: null,
        authDomain: null,
        providers: ['password'],
        recaptcha: false,
        identityUrl: service.issuer.url,
      },
    })
  })

  it('are those of Firebase in production', async () => {
    const app = await bare({
      PUBLIC_URL: 'https://api.flowpos.app',
      FIREBASE_PROJECT_ID: 'flowpos',
      FIREBASE_API_KEY: 'AIza-web',
      FIREBASE_AUTH_DOMAIN: 'flowpos.firebaseapp.com',
      WEBSITE_URL: 'https://flowpos.app',
      PRIVACY_URL: 'https://flowpos.app/privacy',
    })
    expect((await app.inject('/settings/mcp/settings.json')).json()).toEqual({
      mcpUrl: 'https://api.flowpos.app/mcp',
      connectUrl: 'https://api.flowpos.app/mcp/connect',
      links: { website: 'https://flowpos.app', privacy: 'https://flowpos.app/privacy', terms: null, support: null },
      signIn: {
        apiKey: 'AIza-web',
        projectId: 'flowpos',
        authDomain: 'flowpos.firebaseapp.com',
        providers: ['password', 'google.com'],
        recaptcha: false,
        identityUrl: null,
      },
    })
    const { headers } = await app.inject('/settings/mcp')
    expect(headers['content-security-policy']).toContain("script-src 'self' https://apis.google.com;")
    expect(headers['content-security-policy']).toContain(
      "connect-src 'self' https://identitytoolkit.googleapis.com https://securetoken.googleapis.com;",
    )
    expect(headers['content-security-policy']).toContain('frame-src https://flowpos.firebaseapp.com;')
    expect(headers['cross-origin-opener-policy']).toBe('same-origin-allow-popups')
    await app.close()
  })

  it("let Google's reCAPTCHA run only where the operator wants it", async () => {
    const policyWith = async (env: Record<string, string>) => {
      const app = await bare({ FIREBASE_API_KEY: 'AIza-web', ...env })
      const { headers } = await app.inject('/settings/mcp')
      await app.close()
      return String(headers['content-security-policy'])
    }
    expect(await policyWith({})).not.toContain('recaptcha')
    const policy = await policyWith({ FIREBASE_RECAPTCHA: 'true' })
    expect(policy).toContain("script-src 'self' https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/;")
    expect(policy).toContain('frame-src https://www.google.com/recaptcha/ https://recaptcha.google.com/recaptcha/;')
  })

  it('say that the sign-in is not configured', async () => {
    const app = await bare({})
    expect((await app.inject('/settings/mcp/settings.json')).json()).toMatchObject({ connectUrl: null, signIn: null })
    await app.close()
  })
})

describe('a page that was not built', () => {
  it('does not keep the service from starting, and says so', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'page-'))
    const app = await bare({}, folder)
    for (const url of ADDRESSES) {
      const response = await app.inject(url)
      expect(response.statusCode).toBe(503)
      expect(response.json()).toMatchObject({ code: 'unavailable', message: expect.stringContaining('npm run build') })
    }
    await app.close()
    await rm(folder, { recursive: true })
  })
})

describe('the account', () => {
  const accountOf = (uid: string) =>
    get('/settings/mcp/account', { authorization: `Bearer ${service.issuer.issueToken(uid)}` })

  it('tells what each role may do', async () => {
    const luna = await makeShop(service.db, { name: 'Tienda Luna' })
    const sol = await makeShop(service.db, { name: 'Tienda Sol' })
    await makeUser(service.db, 'ana', [
      { shop: luna, role: 'owner' },
      { shop: sol, role: 'cashier' },
    ])
    await makeUser(service.db, 'caja', [{ shop: luna, role: 'cashier' }])

    expect((await accountOf('ana')).json()).toEqual({
      scopes: ['pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents'],
      businesses: [
        { id: luna.id, name: 'Tienda Luna', role: 'owner', managesKeys: true },
        { id: sol.id, name: 'Tienda Sol', role: 'cashier', managesKeys: false },
      ],
    })
    expect((await accountOf('caja')).json()).toEqual({
      scopes: ['pos:read', 'pos:write'],
      businesses: [{ id: luna.id, name: 'Tienda Luna', role: 'cashier', managesKeys: false }],
    })
  })

  it('is for signed-in members only', async () => {
    expect((await get('/settings/mcp/account')).statusCode).toBe(401)
    expect((await accountOf('nadie')).statusCode).toBe(403)
  })
})

/** The plugin with what it needs for serving the page, as production has it. */
async function bare(env: Record<string, string>, folder?: string) {
  const config = loadConfig({ MCP_TOKEN_SECRET: SECRET, ...env })
  const app = Fastify()
  await app.register(errors)
  await app.register(helmet)
  await app.register(hostCheck, { config })
  await app.register(fp(async () => {}, { name: 'audit' }))
  await app.register(credentialGuard, { config })
  await app.register(pages, folder === undefined ? {} : { folder })
  // Nobody signs in here.
  await app.register(fp(async () => {}, { name: 'tokens' }))
  await app.register(settings, { config })
  return app
}
