import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../embedded/postgres.ts'
import { connectTo, startRedis } from '../../../embedded/redis-server.ts'
import { buildApp } from '../../../src/app.ts'
import { type Config, loadConfig } from '../../../src/config.ts'
import { SERVICE_ROLE } from '../../../src/database/pool.ts'
import { type Certificate, makeCertificate } from '../../support/certificate.ts'
import { FIRST_DAY, type Merchant, OWNER, SECOND_DAY, startMerchant } from '../../support/merchant.ts'
import { startRedisCluster } from '../../support/redis-cluster.ts'
import { startRedisSentinel } from '../../support/redis-sentinel.ts'
import { type App, call, SECRET } from '../../support/service.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

type Settings = Partial<Record<keyof Config, string>>

/** A way to run Redis, and the service's settings for it. */
interface Deployment {
  settings: Settings
  stop(): Promise<void>
}

const PASSWORD = 'sesame'
// The service gives up after 0.8 s; the rest is slack for a busy machine.
const PATIENCE_MS = 1800
const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
}
const REDIRECT = 'http://127.0.0.1:33418/callback'

let merchant: Merchant
let certificate: Certificate

beforeAll(async () => {
  ;[merchant, certificate] = await Promise.all([startMerchant(), makeCertificate()])
})
afterAll(async () => {
  await merchant?.service.close()
  await certificate?.remove()
})

describe.each<[string, () => Promise<Deployment>]>([
  ['a single server with an ACL user, a database number and TLS', startSingle],
  ['Sentinels with passwords and TLS', startSentinels],
  ['a Cluster with a password and TLS', startCluster],
])('on %s', (_name, start) => {
  let deployment: Deployment
  let settings: Settings
  let app: App

  beforeAll(async () => {
    deployment = await start()
    settings = { REDIS_TLS_CA_FILE: certificate.certFile, ...deployment.settings }
    app = await instanceOn(settings)
  })
  afterAll(async () => {
    await app?.close()
    await deployment?.stop()
  })

  it('conversations work from beginning to end, many in parallel', async () => {
    const shops = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? merchant.first : merchant.second))
    await Promise.all(
      shops.map(async (shop) => {
        const sid = await initialize(app)
        await switchTo(app, sid, shop.id)
        expect(await summarize(app, sid)).toMatch(shop === merchant.first ? FIRST_DAY : SECOND_DAY)
        expect((await end(app, sid)).statusCode).toBe(204)
        expect((await post(app, 'tools/list', {}, sid)).statusCode).toBe(404)
      }),
    )
  })

  it('failed sign-ins are counted by all instances together', async () => {
    const limited = { ...settings, TOKEN_RATE_LIMIT_PER_MINUTE: '2' }
    const instances = await Promise.all([instanceOn(limited), instanceOn(limited)])
    const statuses: number[] = []
    for (const instance of [...instances, ...instances]) statuses.push((await signIn(instance, 'forged')).statusCode)
    expect(statuses).toEqual([401, 401, 429, 429])
    await Promise.all(instances.map((instance) => instance.close()))
  })

  it('a client can register and get as far as the sign-in', async () => {
    const { url, cookies } = await authorize(app)
    const details = await app.inject({ url: `${url}/details`, cookies })
    expect(details.json()).toMatchObject({ prompt: 'login', client: 'Shop assistant' })
  })
})

it('follows the Sentinels to another master, with its sessions', async () => {
  const sentinel = await startRedisSentinel({ sentinels: 1 })
  const app = await instanceOn({ REDIS_SENTINELS: sentinel.addresses })
  const sid = await sessionOnSecond(app)
  await app.redis.wait(1, 1000)
  await sentinel.failover()
  await recovered(app)
  expect(await summarize(app, sid)).toMatch(SECOND_DAY)
  await switchTo(app, sid, merchant.first.id)
  expect(await summarize(app, sid)).toMatch(FIRST_DAY)
  await app.close()
  await sentinel.stop()
})

describe.each([
  ['gone', 'SIGKILL'],
  ['hanging', 'SIGSTOP'],
] as const)('when Redis is %s', (_how, signal) => {
  it('every route that needs it says so in time, and all is well when it is back', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'flowpos-redis-'))
    const kept = { port: await freePort(), dir, args: ['--appendonly', 'yes', '--appendfsync', 'always'] }
    let server = await startRedis(kept)
    const app = await instanceOn({ REDIS_URL: server.url })
    const sid = await sessionOnSecond(app)
    const ended = await initialize(app)
    await end(app, ended)
    const signInPage = await authorize(app)

    process.kill(server.pid, signal)
    expect((await app.inject('/health/live')).statusCode).toBe(200)
    const authorization = `Bearer ${merchant.token}`
    const idToken = merchant.service.issuer.issueToken(OWNER)
    const requests = {
      initialize: () => post(app, 'initialize', INITIALIZE),
      call: () => post(app, 'tools/call', { name: 'summarize_day', arguments: {} }, sid),
      end: () => end(app, sid),
      exchange: () => signIn(app, idToken),
      refresh: () => app.inject({ method: 'POST', url: '/mcp/token/refresh', headers: { authorization } }),
      register: () => register(app),
      signInPage: () => app.inject(signInPage),
      ready: () => app.inject('/health/ready'),
    }
    for (const [name, request] of Object.entries(requests)) {
      const started = performance.now()
      const { statusCode, headers } = await request()
      const isInTime = performance.now() - started < PATIENCE_MS
      expect({ name, statusCode, isInTime }).toEqual({ name, statusCode: 503, isInTime: true })
      if (name !== 'ready') expect({ name, after: headers['retry-after'] }).toEqual({ name, after: '2' })
    }

    if (signal === 'SIGKILL') server = await startRedis(kept)
    else process.kill(server.pid, 'SIGCONT')
    await recovered(app)
    expect(await summarize(app, sid)).toMatch(SECOND_DAY)
    expect((await post(app, 'tools/list', {}, ended)).statusCode).toBe(404)
    await app.close()
    await server.stop()
    await rm(dir, { recursive: true })
  })
})

it('a Cluster that hangs and comes back', async () => {
  const cluster = await startRedisCluster()
  const app = await instanceOn({ REDIS_CLUSTER: cluster.addresses })
  const sids = await Promise.all(Array.from({ length: 6 }, () => sessionOnSecond(app)))
  for (const { pid } of cluster.nodes) process.kill(pid, 'SIGSTOP')
  for (const sid of sids) {
    const started = performance.now()
    const { statusCode } = await post(app, 'tools/call', { name: 'summarize_day', arguments: {} }, sid)
    const isInTime = performance.now() - started < PATIENCE_MS
    expect({ statusCode, isInTime }).toEqual({ statusCode: 503, isInTime: true })
  }
  for (const { pid } of cluster.nodes) process.kill(pid, 'SIGCONT')
  await recovered(app)
  for (const sid of sids) await expect.poll(() => summarize(app, sid), { timeout: 5000 }).toMatch(SECOND_DAY)
  await app.close()
  await cluster.stop()
})

it('gives up a connection that the network dropped', async () => {
  const server = await startRedis()
  const proxy = await startTcpProxy(server.port)
  const app = await instanceOn({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
  const sid = await sessionOnSecond(app)
  proxy.blackHole()
  expect((await post(app, 'tools/call', { name: 'get_context', arguments: {} }, sid)).statusCode).toBe(503)
  // The network works again, but not for the existing connections.
  proxy.healForNew()
  await recovered(app)
  expect(await summarize(app, sid)).toMatch(SECOND_DAY)
  await app.close()
  await proxy.close()
  await server.stop()
})

it('moves from a server that has become a replica to the new master', async () => {
  const [old, next] = await Promise.all([startRedis(), startRedis()])
  const proxy = await startTcpProxy(old.port)
  const app = await instanceOn({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
  await initialize(app)
  const admin = connectTo(old.url)
  await admin.replicaof('127.0.0.1', next.port)
  proxy.leadTo(next.port)
  await expect.poll(async () => (await post(app, 'initialize', INITIALIZE)).statusCode, { timeout: 5000 }).toBe(200)
  admin.disconnect()
  await app.close()
  await proxy.close()
  await Promise.all([old.stop(), next.stop()])
})

it('is not ready while Redis is full: it would take no session and no sign-in', async () => {
  const server = await startRedis({ args: ['--maxmemory', '100kb', '--maxmemory-policy', 'noeviction'] })
  const app = await instanceOn({ REDIS_URL: server.url })
  expect(await (await app.inject('/health/ready')).json()).toMatchObject({ checks: { sessions: 'away' } })
  const admin = new Redis(server.url)
  await admin.config('SET', 'maxmemory', '0')
  await recovered(app)
  await admin.quit()
  await app.close()
  await server.stop()
})

it('starts without Redis, and waits while Redis loads its data', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'flowpos-redis-'))
  const kept = { port: await freePort(), dir }
  const before = await startRedis({ ...kept, args: ['--rdbcompression', 'no'] })
  const filler = connectTo(before.url)
  await filler.mset(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key:${i}`, 'x'.repeat(100)])))
  await filler.save()
  await before.stop()

  const app = await instanceOn({ REDIS_URL: before.url })
  const statusOf = async () => (await post(app, 'initialize', INITIALIZE)).statusCode
  expect([(await app.inject('/health/ready')).statusCode, await statusOf()]).toEqual([503, 503])

  // Takes two seconds to load its keys, and answers now and then meanwhile.
  const slowly = ['--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024']
  const starting = startRedis({ ...kept, args: slowly })
  await expect.poll(() => isLoading(before.url), { timeout: 5000 }).toBe(true)
  expect(await statusOf()).toBe(503)
  const server = await starting
  await recovered(app)
  expect(await statusOf()).toBe(200)
  await app.close()
  await server.stop()
  await rm(dir, { recursive: true })
})

describe('refuses to start', () => {
  it.each<[Settings, RegExp]>([
    [{ REDIS_URL: 'redis://a', REDIS_CLUSTER: 'b:1' }, /REDIS_URL and REDIS_CLUSTER are set: keep one/],
    [{}, /set REDIS_URL/],
    [{ REDIS_CLUSTER: 'b:1', REDIS_DB: '1' }, /REDIS_DB is set: a Cluster has database 0 only/],
    [{ REDIS_SENTINELS: 'a:1,redis://b' }, /REDIS_SENTINELS: "redis:\/\/b" is not host:port/],
    [{ REDIS_URL: 'rediss://a', REDIS_TLS_CA_FILE: '/none.pem' }, /REDIS_TLS_CA_FILE: \/none\.pem cannot be read/],
  ])('with %j', async (settings, problem) => {
    await expect(instanceOn(settings)).rejects.toThrow(problem)
  })

  it('with a wrong password, which is not logged', async () => {
    const server = await startRedis({ args: ['--requirepass', PASSWORD] })
    const lines: string[] = []
    const starting = buildApp({
      config: loadConfig({
        DATABASE_URL: merchant.service.db.ownerUrl,
        REDIS_URL: server.url.replace('//', '//:zzwrong@'),
        MCP_TOKEN_SECRET: SECRET,
      }),
      databaseRole: SERVICE_ROLE,
      logger: { level: 'trace', stream: { write: (line) => lines.push(line) } },
    })
    await expect(starting).rejects.toThrow(/^Redis refuses the connection: WRONGPASS/)
    expect(lines.join('')).toContain('Redis is away')
    expect(lines.join('')).not.toContain('zzwrong')
    await server.stop()
  })
})

async function startSingle(): Promise<Deployment> {
  const rights = ['~mcp:*', '~{mcp:*', '&mcp:*', '+@all', '-@dangerous', '+info']
  const users = ['--user', 'default', 'off', '--user', 'flowpos', 'on', `>${PASSWORD}`, ...rights]
  const server = await startRedis({ tls: certificate, args: users })
  const settings = { REDIS_URL: server.url, REDIS_USERNAME: 'flowpos', REDIS_PASSWORD: PASSWORD, REDIS_DB: '3' }
  return { settings, stop: server.stop }
}

async function startSentinels(): Promise<Deployment> {
  const passwords = { password: PASSWORD, sentinelPassword: 'open' }
  const sentinel = await startRedisSentinel({ sentinels: 1, tls: certificate, ...passwords })
  const settings = {
    REDIS_SENTINELS: sentinel.addresses,
    REDIS_SENTINEL_MASTER: sentinel.name,
    REDIS_PASSWORD: PASSWORD,
    REDIS_SENTINEL_PASSWORD: 'open',
    REDIS_TLS: 'true',
  }
  return { settings, stop: sentinel.stop }
}

async function startCluster(): Promise<Deployment> {
  const cluster = await startRedisCluster({ tls: certificate, password: PASSWORD })
  const settings = { REDIS_CLUSTER: cluster.addresses, REDIS_PASSWORD: PASSWORD, REDIS_TLS: 'true' }
  return { settings, stop: cluster.stop }
}

/** An instance on this Redis, instead of the one shared by all tests. */
function instanceOn(settings: Settings): Promise<App> {
  return merchant.service.anotherInstance({ REDIS_URL: '', ...settings })
}

function post(app: App, method: string, params: Record<string, unknown>, sid?: string) {
  return app.inject({
    method: 'POST',
    url: '/mcp',
    headers: {
      authorization: `Bearer ${merchant.token}`,
      accept: '*/*',
      ...(sid === undefined ? {} : { 'mcp-session-id': sid }),
    },
    payload: { jsonrpc: '2.0', id: 1, method, params },
  })
}

async function initialize(app: App): Promise<string> {
  const response = await post(app, 'initialize', INITIALIZE)
  expect(response.statusCode).toBe(200)
  return response.headers['mcp-session-id'] as string
}

async function callTool(app: App, sid: string, name: string, args: Record<string, unknown>): Promise<string> {
  const { text, isError } = await call(app, merchant.token, name, args, { 'mcp-session-id': sid })
  expect({ text, isError }).toEqual({ text: expect.any(String), isError: false })
  return text
}

function summarize(app: App, sid: string): Promise<string> {
  return callTool(app, sid, 'summarize_day', {})
}

function switchTo(app: App, sid: string, businessId: string): Promise<string> {
  return callTool(app, sid, 'set_active_business', { businessId })
}

async function sessionOnSecond(app: App): Promise<string> {
  const sid = await initialize(app)
  await switchTo(app, sid, merchant.second.id)
  return sid
}

function end(app: App, sid: string) {
  const headers = { authorization: `Bearer ${merchant.token}`, 'mcp-session-id': sid }
  return app.inject({ method: 'DELETE', url: '/mcp', headers })
}

function signIn(app: App, firebaseIdToken: string) {
  return app.inject({ method: 'POST', url: '/mcp/token', payload: { firebaseIdToken } })
}

function register(app: App) {
  return app.inject({
    method: 'POST',
    url: '/oauth/register',
    payload: { client_name: 'Shop assistant', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' },
  })
}

/** @returns the request for the page to which a client sends its merchant */
async function authorize(app: App): Promise<{ url: string; cookies: Record<string, string> }> {
  const registered = await register(app)
  expect(registered.statusCode).toBe(201)
  const query = new URLSearchParams({
    client_id: registered.json().client_id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  })
  const { headers, cookies } = await app.inject(`/oauth/authorize?${query}`)
  return {
    url: headers.location as string,
    cookies: Object.fromEntries(cookies.map(({ name, value }) => [name, value])),
  }
}

function recovered(app: App): Promise<void> {
  return expect.poll(async () => (await app.inject('/health/ready')).statusCode, { timeout: 10_000 }).toBe(200)
}

async function isLoading(url: string): Promise<boolean> {
  const client = new Redis(url, { enableReadyCheck: false, retryStrategy: null })
  client.on('error', () => {})
  const answer = await client.get('key').catch((error: Error) => error.message)
  client.disconnect()
  return answer?.startsWith('LOADING') === true
}
