import fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Service, startService } from '../support/service.ts'
import { makeShop, makeUser, type Shop } from '../support/shop.ts'
import { fields, headerText, hostileJson, hostileText, rawBody } from './arbitraries.ts'
import { address, COUNTS, expectNoGrowth, holdings, type Request, Siege } from './siege.ts'

const COUNT = COUNTS.routes

let service: Service
let shop: Shop
let token: string
let clientId: string

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  const registered = await service.app.inject({
    method: 'POST',
    url: '/oauth/register',
    payload: { redirect_uris: ['http://127.0.0.1:1/cb'], token_endpoint_auth_method: 'none' },
  })
  clientId = registered.json<{ client_id: string }>().client_id
})
afterAll(() => service?.close())

it(`answers ${COUNT} hostile requests to the token, key and OAuth routes with a refusal that says nothing of the inside`, {
  timeout: 600_000,
}, async () => {
  const siege = new Siege(service.app)
  let kept = 0
  const counted = (response: LightMyRequestResponse) => {
    // What was accepted may be kept: a client, a begun sign-in, a token.
    if (response.statusCode < 400) kept++
  }
  const json = (method: 'POST' | 'PATCH' | 'DELETE' | 'GET', url: string, payload: string, headers = {}): Request => ({
    method,
    url,
    headers: { ...(method === 'GET' ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(method === 'GET' ? {} : { payload }),
  })
  const form = (url: string, payload: string, remoteAddress: string): Request => ({
    method: 'POST',
    url,
    remoteAddress,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload,
  })
  const credential = fc.oneof(
    fc.constantFrom(`Bearer ${token}`, `Bearer ${service.issuer.issueToken('ana')}`),
    headerText(),
    headerText().map((text) => `Bearer ${text}`),
  )

  const tokenRoutes = fc
    .tuple(
      fc.constantFrom(
        ['POST', '/mcp/token'],
        ['POST', '/mcp/token/refresh'],
        ['POST', '/mcp/token/revoke'],
        ['GET', '/mcp/tokens'],
      ) as fc.Arbitrary<['POST' | 'GET', string]>,
      fc.oneof(
        fc
          .record(
            {
              firebaseIdToken: hostileText,
              scopes: fc.array(hostileText, { maxLength: 3 }),
              label: hostileText,
              jti: hostileText,
            },
            { requiredKeys: [] },
          )
          .map((body) => JSON.stringify(body)),
        rawBody,
      ),
      credential,
      address,
    )
    // A right credential here would refresh or end itself; it stays out of the routes that do.
    .map(
      ([[method, url], body, authorization, remoteAddress]): Request => ({
        ...json(method, url, body, method === 'GET' || !authorization.includes(token) ? { authorization } : {}),
        remoteAddress,
      }),
    )
  const keyRoutes = fc
    .tuple(
      fc.constantFrom('POST', 'GET', 'PATCH', 'DELETE') as fc.Arbitrary<'POST'>,
      fc.oneof(fc.uuid(), hostileText).map((id) => encodeURIComponent(id.toWellFormed()).slice(0, 400)),
      fc.oneof(
        fc
          .record(
            {
              businessId: fc.oneof(fc.constant(shop.id), hostileText),
              role: fc.oneof(fc.constantFrom('merchant', 'platform_operator'), hostileText),
              scopes: fc.oneof(fc.constant(['pos:read']), hostileJson),
              label: hostileText,
              expiresAt: hostileText,
            },
            { requiredKeys: [] },
          )
          .map((body) => JSON.stringify(body)),
        rawBody,
      ),
      credential,
      address,
    )
    .map(([method, id, body, authorization, remoteAddress]): Request => {
      const url = {
        POST: '/mcp/keys',
        GET: `/mcp/keys?businessId=${id}`,
        PATCH: `/mcp/keys/${id}/revoke`,
        DELETE: `/mcp/keys/${id}`,
      }[method as string] as string
      return { ...json(method, url, body, { authorization }), remoteAddress }
    })
  const known = {
    client_id: [clientId],
    redirect_uri: ['http://127.0.0.1:1/cb'],
    response_type: ['code', 'code id_token', 'none'],
    code_challenge: ['a'.repeat(43)],
    code_challenge_method: ['S256', 'plain'],
    grant_type: ['authorization_code', 'refresh_token', 'client_credentials', 'password'],
    scope: ['pos:read', 'openid', 'offline_access'],
    prompt: ['none', 'login', 'consent'],
    response_mode: ['query', 'fragment', 'form_post'],
  }
  const authorize = fc
    .tuple(
      fields(
        [
          ...Object.keys(known),
          'state',
          'resource',
          'request',
          'request_uri',
          'claims',
          'max_age',
          'login_hint',
          'id_token_hint',
        ],
        known,
      ),
      address,
    )
    .map(([query, remoteAddress]): Request => ({ method: 'GET', url: `/oauth/authorize?${query}`, remoteAddress }))
  const oauthForms = fc
    .tuple(
      fc.constantFrom('/oauth/token', '/oauth/token/revocation', '/oauth/revoke', '/oauth/authorize'),
      fields(
        [
          'client_id',
          'client_secret',
          'grant_type',
          'code',
          'code_verifier',
          'redirect_uri',
          'refresh_token',
          'token',
          'resource',
          'scope',
        ],
        known,
      ),
      address,
    )
    .map(([url, body, remoteAddress]) => form(url, body, remoteAddress))
  const register = fc
    .tuple(
      fc.oneof(
        fc
          .record(
            {
              redirect_uris: fc.array(fc.oneof(fc.webUrl(), hostileText), { maxLength: 3 }),
              client_name: hostileText,
              client_uri: hostileText,
              logo_uri: hostileText,
              jwks_uri: fc.constantFrom('http://localhost/', ''),
              token_endpoint_auth_method: fc.oneof(
                fc.constantFrom('none', 'client_secret_basic', 'private_key_jwt'),
                hostileText,
              ),
              grant_types: fc.oneof(fc.constant(['authorization_code', 'refresh_token']), hostileJson),
              response_types: hostileJson,
              scope: hostileText,
              contacts: hostileJson,
              default_max_age: hostileJson,
            },
            { requiredKeys: ['redirect_uris'] },
          )
          .map((body) => JSON.stringify(body)),
        rawBody,
      ),
      address,
    )
    .map(([body, remoteAddress]): Request => ({ ...json('POST', '/oauth/register', body), remoteAddress }))
  const interactions = fc
    .tuple(
      hostileText.map((uid) => encodeURIComponent(uid.toWellFormed()).slice(0, 300)),
      fc.constantFrom('', '/details', '/login', '/confirm', '/abort'),
      rawBody,
      headerText(),
    )
    .map(([uid, action, body, cookie]): Request => {
      const method = action === '' || action === '/details' ? 'GET' : 'POST'
      return json(method, `/oauth/interaction/${uid}${action}`, body, {
        cookie: `_interaction=${cookie}; _session=${cookie}`,
        origin: 'http://localhost:3000',
      })
    })
  const anyPath = fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS') as fc.Arbitrary<'GET'>,
      hostileText,
      hostileText,
      address,
    )
    .map(
      ([method, path, query, remoteAddress]): Request => ({
        method,
        url: `/${encodeURI(path.toWellFormed()).slice(0, 2000)}?q=${encodeURIComponent(query.toWellFormed()).slice(0, 2000)}`,
        remoteAddress,
      }),
    )

  const rounds: [string, number, fc.Arbitrary<Request>][] = [
    ['token routes', 0.25, tokenRoutes],
    ['key routes', 0.2, keyRoutes],
    ['authorize', 0.15, authorize],
    ['OAuth forms', 0.15, oauthForms],
    ['register', 0.1, register],
    ['interactions', 0.1, interactions],
    ['any path', 0.05, anyPath],
  ]
  for (const [name, share, requests] of rounds)
    await siege.run(`${name}, warming up`, COUNT * share * 0.1, requests, counted)
  const before = await holdings(service)
  kept = 0
  for (const [name, share, requests] of rounds) await siege.run(name, COUNT * share * 0.9, requests, counted)
  siege.report('routes')
  expect(siege.sent).toBeGreaterThanOrEqual(COUNT)
  // Counts per network, and what was accepted.
  expectNoGrowth(before, await holdings(service), { redisKeys: 256 * 8 + kept * 2, heapMb: 32 })
})
