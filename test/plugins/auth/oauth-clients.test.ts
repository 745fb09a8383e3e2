import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../embedded/postgres.ts'
import { buildPage } from '../../../scripts/build-page.ts'
import { keyOf } from '../../../src/oauth/adapter.ts'
import { type ClientDocuments, type DocumentedClient, startClientDocuments } from '../../support/client-documents.ts'
import { createOAuthFlow } from '../../support/oauth-flow.ts'
import { connectRedis, forgetSignIns, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

const LOOPBACK = 'http://127.0.0.1:33418/callback'
const DOCUMENT = 'https://client.example/client.json'
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let documents: ClientDocuments
let service: Service
let origin: string
let flow: ReturnType<typeof createOAuthFlow>

beforeAll(async () => {
  await buildPage()
  documents = await startClientDocuments()
  const port = await freePort()
  service = await startService({ users: ['ana'], config: { PORT: String(port) }, network: documents.network })
  const shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  await service.app.listen({ host: 'localhost', port })
  origin = `http://localhost:${port}`
  flow = createOAuthFlow(service, origin)
})
beforeEach(async () => {
  service.now = new Date()
  await forgetSignIns()
})
afterAll(async () => {
  await service?.close()
  await documents?.close()
})

describe('a client that names its metadata document', () => {
  it.each<[DocumentedClient, string]>([
    ['codex', 'http://127.0.0.1:41234/callback'],
    ['claude', 'https://claude.ai/api/mcp/auth_callback'],
    ['claudeCode', 'http://localhost:54321/callback'],
    ['vscode', 'http://127.0.0.1:33418/'],
    ['opencode', 'http://127.0.0.1:19876/callback'],
  ])('connects without a secret: %s', async (name, redirect_uri) => {
    const client = { client_id: documents.documents[name].client_id, redirect_uri }
    const { status, body } = await flow.connect('ana', client)
    expect({ status, body }).toMatchObject({ status: 200 })
    expect((await flow.listTools(body.access_token)).names).toContain('summarize_day')
    const refreshed = await flow.token({
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      client_id: client.client_id,
    })
    expect(refreshed.status).toBe(200)
  })

  describe('and signs its token requests, as ChatGPT does', () => {
    const signed = (client_assertion: string) => ({ client_assertion_type: ASSERTION, client_assertion })
    const chatgpt = () => {
      const { client_id, redirect_uris } = documents.documents.chatgpt
      return { client_id, redirect_uri: redirect_uris[0] }
    }

    it('is told that it may', async () => {
      const response = await fetch(`${origin}/.well-known/oauth-authorization-server/oauth`)
      const metadata = (await response.json()) as Record<string, unknown>
      expect(metadata).toMatchObject({
        client_id_metadata_document_supported: true,
        authorization_response_iss_parameter_supported: true,
        token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      })
      const algorithms = metadata.token_endpoint_auth_signing_alg_values_supported as string[]
      expect(algorithms).toContain('RS256')
      expect(algorithms.filter((algorithm) => algorithm.startsWith('HS'))).toEqual([])
    })

    it.each(['the token endpoint', 'the issuer'])(
      'connects and refreshes with an assertion for %s',
      async (audience) => {
        const aud = audience === 'the issuer' ? `${origin}/oauth` : `${origin}/oauth/token`
        const { status, body } = await flow.connect('ana', chatgpt(), { token: signed(documents.assertion({ aud })) })
        expect({ status, body }).toMatchObject({ status: 200 })
        expect((await flow.listTools(body.access_token)).status).toBe(200)
        const refreshed = await flow.token({
          grant_type: 'refresh_token',
          refresh_token: body.refresh_token,
          ...signed(documents.assertion({ aud })),
        })
        expect(refreshed.status).toBe(200)
      },
    )

    it.each<[string, () => string]>([
      [
        'another key',
        () => documents.assertion(audience(), generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
      ],
      ['another audience', () => documents.assertion({ aud: 'https://other.example/token' })],
      ['another client as its issuer', () => documents.assertion({ ...audience(), iss: DOCUMENT })],
      ['an expiry that has passed', () => documents.assertion({ ...audience(), exp: 1 })],
    ])('is refused with %s', async (_what, assertion) => {
      const refused = await flow.connect('ana', chatgpt(), { token: signed(assertion()) })
      expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    })

    it('is refused with an assertion that was used before', async () => {
      const assertion = signed(documents.assertion(audience()))
      const { body } = await flow.connect('ana', chatgpt(), { token: assertion })
      const again = await flow.token({
        grant_type: 'refresh_token',
        refresh_token: body.refresh_token,
        ...assertion,
      })
      expect(again).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    })

    it('is refused without any', async () => {
      expect((await flow.connect('ana', chatgpt())).status).toBe(401)
    })

    it('is not believed if its keys lie inside', async () => {
      const client_id = 'https://client.example/signing.json'
      const jwks_uri = 'https://other.example/jwks.json'
      documents.serve(client_id, { ...documents.documents.chatgpt, client_id, jwks_uri })
      documents.resolve('other.example', ['169.254.169.254'])
      const claims = { ...audience(), iss: client_id, sub: client_id }
      const client = { ...chatgpt(), client_id }
      const refused = await flow.connect('ana', client, { token: signed(documents.assertion(claims)) })
      expect(refused.status).toBe(401)
      expect(documents.fetched).not.toContain(jwks_uri)
    })

    const audience = () => ({ aud: `${origin}/oauth/token` })
  })

  it('stays connected while its host cannot be reached, whichever instance it asks', async () => {
    const { client_id, redirect_uris } = documents.documents.chatgpt
    const aud = `${origin}/oauth/token`
    const signed = () => ({ client_assertion_type: ASSERTION, client_assertion: documents.assertion({ aud }) })
    const client = { client_id, redirect_uri: redirect_uris[0] }
    let { body } = await flow.connect('ana', client, { token: signed() })
    const refresh = async () => {
      const app = await service.anotherInstance()
      const parameters = { grant_type: 'refresh_token', refresh_token: body.refresh_token, ...signed() }
      const response = await app.inject({
        method: 'POST',
        url: '/oauth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams(parameters).toString(),
      })
      if (response.statusCode === 200) body = response.json()
      return response
    }
    const away = (status: number) =>
      documents.serve(client_id, (_request, response) => response.writeHead(status).end())
    try {
      documents.resolve('chatgpt.com', [])
      expect((await refresh()).statusCode).toBe(200)
      documents.resolve('chatgpt.com', ['93.184.215.14'])
      for (const status of [403, 503]) {
        away(status)
        await forgetAsking()
        expect((await refresh()).statusCode).toBe(200)
      }
      away(410)
      await forgetAsking()
      expect((await refresh()).json()).toMatchObject({ error: 'invalid_client' })
    } finally {
      documents.resolve('chatgpt.com', ['93.184.215.14'])
      documents.serve(client_id, documents.documents.chatgpt)
      await forgetAsking()
    }
  })

  it('is fetched for nobody who only asks for tokens or their end', async () => {
    const [client_id, jwks_uri] = ['https://client.example/stranger.json', 'https://client.example/stranger-keys.json']
    documents.serve(client_id, { client_id, redirect_uris: [LOOPBACK], token_endpoint_auth_method: 'none' })
    const method = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'RS256' }
    const registered = await flow.register({ redirect_uris: [LOOPBACK], ...method, jwks_uri })
    const id = String(registered.body.client_id)
    const claims = { iss: id, sub: id, aud: `${origin}/oauth/token` }
    const before = documents.fetched.length
    for (const path of ['token', 'revoke']) {
      for (const client of [
        { client_id },
        { client_assertion_type: ASSERTION, client_assertion: documents.assertion(claims) },
      ]) {
        const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', token: 'x', ...client })
        const refused = await fetch(`${origin}/oauth/${path}`, { method: 'POST', body })
        expect([400, 401]).toContain(refused.status)
        expect(await refused.json()).toMatchObject({ error: 'invalid_client' })
      }
    }
    expect(documents.fetched.slice(before)).toEqual([])
  })

  it('needs its host only when a sign-in is begun, whichever instance it asks for the first token', async () => {
    const { redirect_uris } = documents.documents.chatgpt
    const client_id = 'https://client.example/elsewhere.json'
    documents.serve(client_id, { ...documents.documents.chatgpt, client_id })
    const { url, verifier } = flow.authorizationRequest({ client_id, redirect_uri: redirect_uris[0] })
    const back = await flow.approve(url, 'ana')
    const before = documents.fetched.length
    const app = await service.anotherInstance()
    const response = await app.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        code_verifier: verifier,
        redirect_uri: redirect_uris[0],
        client_assertion_type: ASSERTION,
        client_assertion: documents.assertion({ iss: client_id, sub: client_id, aud: `${origin}/oauth/token` }),
      }).toString(),
    })
    expect({ status: response.statusCode, body: response.json() }).toMatchObject({ status: 200 })
    expect(documents.fetched.slice(before)).toEqual([])
  })

  it('that is connected is asked for its keys at most once a minute, however often somebody uses its name', async () => {
    const { client_id, redirect_uris, jwks_uri } = documents.documents.chatgpt
    const aud = `${origin}/oauth/token`
    const signed = () => ({ client_assertion_type: ASSERTION, client_assertion: documents.assertion({ aud }) })
    await flow.connect('ana', { client_id, redirect_uri: redirect_uris[0] }, { token: signed() })
    await forgetAsking()
    const before = documents.fetched.length
    for (let count = 0; count < 5; count += 1) {
      const refused = await flow.token({ grant_type: 'refresh_token', refresh_token: 'x', ...signed() })
      expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
    expect(documents.fetched.slice(before)).toEqual([jwks_uri])
  })

  it('may offer no way of authentication but `none`, in the plural alone', async () => {
    documents.serve(DOCUMENT, {
      client_id: DOCUMENT,
      redirect_uris: [LOOPBACK],
      token_endpoint_auth_methods_supported: ['tls_client_auth', 'none'],
    })
    expect((await flow.connect('ana', { client_id: DOCUMENT, redirect_uri: LOOPBACK })).status).toBe(200)
  })

  it('may not be sent elsewhere than it says', async () => {
    const { client_id } = documents.documents.claude
    const { url } = flow.authorizationRequest({ client_id, redirect_uri: 'https://claude.ai.evil.example/callback' })
    expect(await flow.show(url)).toMatchObject({ status: 400, text: expect.stringContaining('redirect_uri') })
  })

  describe('is refused, and the merchant reads why,', () => {
    const redirect_uri = LOOPBACK
    const honest = (client_id: string) => ({ client_id, redirect_uris: [LOOPBACK], token_endpoint_auth_method: 'none' })
    let number = 0
    const address = (host = 'client.example') => `https://${host}/${++number}.json`
    const shown = (client_id: string) => flow.show(flow.authorizationRequest({ client_id, redirect_uri }).url)

    it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:10.0.0.1', 'fd00::1'])(
      'if its host resolves to %s',
      async (inside) => {
        const client_id = address('other.example')
        documents.serve(client_id, honest(client_id))
        documents.resolve('other.example', [inside])
        expect(await shown(client_id)).toMatchObject({ status: 400, text: expect.stringContaining('not a public one') })
        expect(documents.fetched).not.toContain(client_id)
      },
    )

    it.each(['https://127.0.0.1/client.json', 'https://localhost/client.json', 'https://client.example:8443/c.json'])(
      'if it is %s',
      async (client_id) => {
        expect(await shown(client_id)).toMatchObject({ status: 400, text: expect.stringContaining('not a public one') })
      },
    )

    it('if its host is not found', async () => {
      const page = await shown('https://gone.example/client.json')
      expect(page).toMatchObject({
        status: 400,
        text: expect.stringContaining('does not reach'),
      })
    })

    it('if it leads elsewhere', async () => {
      const [client_id, elsewhere] = [address(), address()]
      documents.serve(elsewhere, honest(client_id))
      documents.serve(client_id, (_request, response) => response.writeHead(302, { location: elsewhere }).end())
      expect(await shown(client_id)).toMatchObject({ status: 400, text: expect.stringContaining('does not reach') })
      expect(documents.fetched).not.toContain(elsewhere)
      expect(documents.fetched.filter((url) => url === client_id)).toHaveLength(1)
    })

    it.each([true, false])('if it is too large (announced: %s)', async (isAnnounced) => {
      const client_id = address()
      const text = JSON.stringify({ ...honest(client_id), padding: 'x'.repeat(100_000) })
      documents.serve(client_id, (_request, response) => {
        if (isAnnounced) response.setHeader('content-length', text.length)
        response.write(text.slice(0, 50_000))
        response.end(text.slice(50_000))
      })
      expect(await shown(client_id)).toMatchObject({ status: 400 })
    })

    it('if it comes too slowly', async () => {
      const client_id = address()
      documents.serve(client_id, (_request, response) => {
        const drip = setInterval(() => response.write(' '), 200)
        response.on('close', () => clearInterval(drip))
      })
      const started = Date.now()
      expect(await shown(client_id)).toMatchObject({
        status: 400,
        text: expect.stringContaining('does not reach'),
      })
      expect(Date.now() - started).toBeLessThan(4000)
    })

    it.each<[string, (client_id: string) => object]>([
      ['is of another client', () => honest(DOCUMENT)],
      ['has a secret', (client_id) => ({ ...honest(client_id), client_secret: 'secret' })],
      ['goes to a script', (client_id) => ({ ...honest(client_id), redirect_uris: ['javascript:alert(1)'] })],
      ['is no object', () => []],
    ])('if it %s', async (_what, document) => {
      const client_id = address()
      documents.serve(client_id, document(client_id))
      expect(await shown(client_id)).toMatchObject({ status: 400, text: expect.stringContaining('is not valid') })
    })
  })
})

describe('a service without a way to the hosts of clients', () => {
  it('does not offer documents, and says what to do to who names one all the same', async () => {
    const app = await service.anotherInstance({ OAUTH_CLIENT_DOCUMENTS: 'off' })
    const metadata = await app.inject('/.well-known/oauth-authorization-server/oauth')
    expect(metadata.json().client_id_metadata_document_supported ?? false).toBe(false)
    expect(metadata.json().registration_endpoint).toBe(`${origin}/oauth/register`)

    const { client_id, redirect_uris } = documents.documents.claude
    const before = documents.fetched.length
    const { url } = flow.authorizationRequest({ client_id, redirect_uri: redirect_uris[0] })
    const page = await app.inject({ url: url.pathname + url.search, headers: { accept: 'text/html' } })
    expect(page.statusCode).toBe(400)
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect(page.body).toContain('has to register')
    expect(documents.fetched.length).toBe(before)
  })
})

describe('a registration', () => {
  const honest = { redirect_uris: [LOOPBACK], token_endpoint_auth_method: 'none' }

  it.each([
    { logo_uri: '', client_uri: '', tos_uri: '', policy_uri: '', contacts: '' },
    { logo_uri: null, client_uri: null, contacts: null, client_name: null, scope: null, jwks: null, jwks_uri: null },
    { client_name: '' },
    { client_name: 7 },
    { contacts: ['Support'] },
    { client_uri: 'not a uri', logo_uri: 'javascript:alert(1)' },
    { id_token_signed_response_alg: 'RS256', userinfo_signed_response_alg: 'RS256' },
    { subject_type: 'pairwise', require_auth_time: true, default_max_age: 60, default_acr_values: ['1'] },
    { request_object_signing_alg: 'HS256', token_endpoint_auth_signing_alg: 'HS256' },
    { grant_types: ['client_credentials'], response_types: ['token'], response_modes: ['web_message'] },
    { scope: 'openid profile everything' },
    { application_type: 'desktop' },
    { jwks: { keys: 'none' }, jwks_uri: 'http://10.0.0.1/keys' },
    { something_new: { of: ['next', 'year'] } },
  ])('is not refused for what is not used here: %o', async (extra) => {
    const { status, body } = await flow.register({ ...honest, ...extra })
    expect({ status, body }).toMatchObject({ status: 201, body: honest })
    expect(Object.values(body)).not.toContain(null)
    expect(body).not.toHaveProperty('jwks_uri')
    const client = { client_id: String(body.client_id), redirect_uri: LOOPBACK }
    expect((await flow.connect('ana', client)).status).toBe(200)
  })

  it.each(['', null, undefined])('without a method of authentication (%o) gets a secret (RFC 7591)', async (method) => {
    const { status, body } = await flow.register({ redirect_uris: [LOOPBACK], token_endpoint_auth_method: method })
    expect(status).toBe(201)
    expect(body).toMatchObject({ token_endpoint_auth_method: 'client_secret_basic', client_secret: expect.any(String) })
  })

  it('fetches nothing', async () => {
    const before = documents.fetched.length
    for (const url of ['https://client.example/sector.json', 'https://127.0.0.1:18443/sector.json']) {
      const { status } = await flow.register({
        ...honest,
        sector_identifier_uri: url,
        initiate_login_uri: url,
        jwks_uri: url,
        logo_uri: url,
      })
      expect(status).toBe(201)
      const signing = { ...honest, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: url }
      expect((await flow.register(signing)).status).toBe(201)
    }
    expect(documents.fetched.length).toBe(before)
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,hi',
    'vbscript:x',
    'blob:https://evil.example/1',
    'file:///etc/passwd',
    'about:blank',
    'http://evil.example/callback',
    'https://evil.example/callback#fragment',
    'not a uri',
    '',
  ])('is refused with %o as the place to go', async (redirectUri) => {
    for (const redirect_uris of [[redirectUri], [LOOPBACK, redirectUri]]) {
      const refused = await flow.register({ ...honest, redirect_uris })
      expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_redirect_uri' } })
    }
  })

  it('may name 20 places to go, of up to 1000 characters each', async () => {
    const twenty = Array.from({ length: 20 }, (_, number) => `${LOOPBACK}/${number}`)
    const long = `${LOOPBACK}?${'r'.repeat(1000 - LOOPBACK.length - 1)}`
    expect((await flow.register({ ...honest, redirect_uris: twenty })).status).toBe(201)
    expect((await flow.register({ ...honest, redirect_uris: [long] })).status).toBe(201)

    const most = { error: 'invalid_redirect_uri', error_description: 'redirect_uris may be at most 20' }
    const more = await flow.register({ ...honest, redirect_uris: [...twenty, LOOPBACK] })
    expect(more).toMatchObject({ status: 400, body: most })
    const longest = 'redirect_uris may have at most 1000 characters each'
    const longer = await flow.register({ ...honest, redirect_uris: [`${long}r`] })
    expect(longer).toMatchObject({ status: 400, body: { error_description: longest } })
  })

  it('is kept for a day, and for a year once a merchant has connected the client', async () => {
    const redis = connectRedis()
    const { body } = await flow.register(honest)
    const client = { client_id: String(body.client_id), redirect_uri: LOOPBACK }
    const days = async () => (await redis.ttl(`mcp:oauth:${keyOf('Client', client.client_id)}`)) / 86_400
    expect(await days()).toBeCloseTo(1, 2)
    await flow.connect('ana', client)
    expect(await days()).toBeCloseTo(365, 2)
    redis.disconnect()
  })

  it.each(['[]', '"text"', '{', ''])('is refused with the body %o', async (body) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${origin}/oauth/register`, { method: 'POST', headers, body })
    expect(response.status).toBe(400)
    expect(await response.json()).toHaveProperty('error')
  })

  it.each(['register', 'token', 'revoke'])('or another request of unreasonable size is not read: %s', async (name) => {
    const headers = {
      'content-type': name === 'register' ? 'application/json' : 'application/x-www-form-urlencoded',
    }
    const padding = 'x'.repeat(20_000)
    const body = name === 'register' ? JSON.stringify({ ...honest, padding }) : `padding=${padding}`
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body))
        controller.close()
      },
    })
    for (const sent of [body, stream]) {
      const init = { method: 'POST', headers, body: sent, duplex: 'half' }
      expect((await fetch(`${origin}/oauth/${name}`, init as RequestInit)).status).toBe(413)
    }
  })
})

describe('an authorization request', () => {
  let client: { client_id: string; redirect_uri: string }

  beforeAll(async () => {
    const { body } = await flow.register({ redirect_uris: [LOOPBACK], token_endpoint_auth_method: 'none' })
    client = { client_id: String(body.client_id), redirect_uri: LOOPBACK }
  })

  it.each([
    { nonce: 'n-0S6' },
    { max_age: '0' },
    { acr_values: 'urn:mace:incommon:iap:silver' },
    { prompt: 'select_account' },
    { prompt: 'select_account consent' },
    { prompt: 'create' },
    { display: 'popup', ui_locales: 'es-GT en', login_hint: 'ana@example.com', claims_locales: 'es' },
    { claims: '{"id_token":{"email":null}}', id_token_hint: 'e30.e30.e30' },
    { registration: '{}', authorization_details: '[{"type":"shop"}]', audience: 'https://other.example' },
    { scope: 'openid profile email offline_access pos:read' },
    { access_type: 'offline', include_granted_scopes: 'true' },
    { nonce: ['one', 'two'] },
  ])('is not refused for what only OpenID Connect knows, or nobody: %o', async (extra) => {
    const { status, body } = await flow.connect('ana', client, { authorize: extra })
    expect({ status, body }).toMatchObject({ status: 200 })
    expect(body).not.toHaveProperty('id_token')
    if ('scope' in extra) expect(body.scope).toBe('pos:read')
  })

  // RFC 9700, section 4.11.2
  it.each<[string, Record<string, string | string[] | undefined>]>([
    ['nobody may be asked', { prompt: 'none' }],
    ['PKCE is missing', { code_challenge: undefined, code_challenge_method: undefined }],
    ['PKCE is plain', { code_challenge_method: 'plain' }],
    ['the code challenge is malformed', { code_challenge: 'short' }],
    ['the resource is another service', { resource: 'https://other.example/mcp' }],
    ['the response type is token', { response_type: 'token' }],
    ['the response type is missing', { response_type: undefined }],
    ['the response mode is unknown', { response_mode: 'smoke_signals' }],
    ['the answer would be a form', { response_mode: 'form_post', response_type: 'token' }],
    ['it carries a request object', { request: 'e30.e30.' }],
    ['it names a request object', { request_uri: 'https://client.example/request' }],
    ['a parameter is given twice', { state: ['one', 'two'] }],
    ['its scope is given twice', { scope: ['pos:read', 'pos:write'] }],
    ['its redirect is given twice', { redirect_uri: [LOOPBACK, 'https://evil.example/cb'] }],
    ['its redirect is another', { redirect_uri: 'https://evil.example/cb' }],
    ['its redirect only begins like it', { redirect_uri: `${LOOPBACK}.evil.example` }],
    ['its redirect is a script', { redirect_uri: 'javascript:alert(1)' }],
    ['its redirect is missing and something else is wrong', { redirect_uri: undefined, response_type: 'token' }],
    ['its client is unknown', { client_id: 'nobody' }],
  ])('sends nobody anywhere by itself if %s', async (_what, change) => {
    const { url } = flow.authorizationRequest({ ...client, ...change })
    const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })
    expect(response.status).toBe(400)
    expect(response.headers.get('location')).toBeNull()
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    const text = await response.text()
    expect(text).toContain('This did not work')
    expect(text).not.toMatch(/evil\.example|javascript:|<form/)
  })

  it('sends the merchant back after their own answer, whatever it is', async () => {
    const allowed = await flow.approve(flow.authorizationRequest(client).url, 'ana')
    expect(allowed.href.startsWith(`${LOOPBACK}?`)).toBe(true)
    expect(Object.fromEntries(allowed.searchParams)).toMatchObject({ state: 'some-state', iss: `${origin}/oauth` })
  })

  it.each<[string, Record<string, string>]>([
    ['its state', { state: 's'.repeat(14_000) }],
    ['its state, by a little', { state: 's'.repeat(2049) }],
    ['its redirect', { redirect_uri: `${LOOPBACK}?${'r'.repeat(2048)}` }],
    ['what is not even used', { unused: 'u'.repeat(5000) }],
    ['all of it', { state: 's'.repeat(2000), scope: 'x'.repeat(2000), redirect_uri: `${LOOPBACK}?${'r'.repeat(500)}` }],
  ])('that is too long is not kept: %s', async (_what, change) => {
    const redis = connectRedis()
    const kept = async () => (await redis.keys('mcp:oauth:Interaction:*')).sort()
    const before = await kept()
    const page = await flow.show(flow.authorizationRequest({ ...client, ...change }).url)
    expect(page).toMatchObject({ status: 400, text: expect.stringMatching(/longer than \d+ characters/) })
    expect(await kept()).toEqual(before)
    redis.disconnect()
  })

  it('may have a state of two thousand characters', async () => {
    const state = 's'.repeat(2000)
    const back = await flow.approve(flow.authorizationRequest({ ...client, state }).url, 'ana')
    expect(back.searchParams.get('state')).toBe(state)
  })
})

describe('scopes at the token endpoint', () => {
  it.each([
    ['more than was granted', 'pos:read pos:write reports:read psa:read pos:intents', 'pos:read pos:write'],
    ['less than was granted', 'pos:read', 'pos:read'],
    ['what we do not know, too', 'pos:read offline_access openid', 'pos:read'],
    ['only what we do not know', 'offline_access openid', 'pos:read pos:write'],
    ['nothing', '', 'pos:read pos:write'],
  ])('are narrowed when a refresh asks for %s', async (_what, scope, granted) => {
    const { body: registered } = await flow.register({ redirect_uris: [LOOPBACK], token_endpoint_auth_method: 'none' })
    const client = { client_id: String(registered.client_id), redirect_uri: LOOPBACK }
    const all = 'pos:read pos:write openid'
    const { body } = await flow.connect('ana', client, {
      authorize: { scope: all },
      token: { scope: `${all} psa:read` },
    })
    expect(body.scope).toBe('pos:read pos:write')
    const refreshed = await flow.token({
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      client_id: client.client_id,
      scope,
    })
    expect(refreshed).toMatchObject({ status: 200, body: { scope: granted } })
  })

  it('are refused if none of them was granted', async () => {
    const { body: registered } = await flow.register({ redirect_uris: [LOOPBACK], token_endpoint_auth_method: 'none' })
    const client = { client_id: String(registered.client_id), redirect_uri: LOOPBACK }
    const { body } = await flow.connect('ana', client, { authorize: { scope: 'pos:read' } })
    const refused = await flow.token({
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      client_id: client.client_id,
      scope: 'psa:read',
    })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })
})

/** As if a minute had passed since the hosts of clients were asked. */
async function forgetAsking() {
  const redis = connectRedis()
  const asked = await redis.keys('mcp:oauth:DocumentAsked:*')
  if (asked.length > 0) await redis.del(...asked)
  redis.disconnect()
}
