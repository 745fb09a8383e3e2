import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createMemorySessionEvents } from '../../../embedded/memory-session-events.ts'
import { createMemorySessionStore } from '../../../embedded/memory-session-store.ts'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { SERVICE_ROLE } from '../../../src/database/pool.ts'
import type { SessionEvents } from '../../../src/sessions/events.ts'
import { toolsOf } from '../../support/catalogue.ts'
import { listen, type Merchant, startMerchant } from '../../support/merchant.ts'
import { type App, connectRedis, rpc, SECRET } from '../../support/service.ts'
import { makeUser, type Shop } from '../../support/shop.ts'
import { type LiveStream, methodsOf, openStream } from '../../support/stream.ts'

const LISTS_CHANGED = ['tools', 'prompts', 'resources'].map((list) => `notifications/${list}/list_changed`)
const CASHIERS_TOOLS = toolsOf('pos:read', 'pos:write')
const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }

let merchant: Merchant
let instanceA: App
let instanceB: App
let urlA: string
let urlB: string
let luis: string
let streams: LiveStream[] = []

beforeAll(async () => {
  merchant = await startMerchant(['eve', 'luis'])
  instanceA = merchant.service.app
  instanceB = await merchant.service.anotherInstance({ MCP_STREAM_KEEP_ALIVE_SECONDS: '1', MCP_STREAM_LIMIT: '2' })
  urlA = merchant.mcpUrl
  urlB = `${await listen(instanceB)}/mcp`
  await makeUser(merchant.service.db, 'eve', [{ shop: merchant.second, role: 'owner' }])
  await makeUser(merchant.service.db, 'luis', [{ shop: merchant.first, role: 'manager' }])
  luis = await merchant.service.tokenOf('luis')
})
afterEach(async () => {
  for (const stream of streams) stream.close()
  await Promise.allSettled(streams.map(({ ended }) => ended))
  streams = []
  await setRole('luis', merchant.first, 'manager')
  for (const instance of [instanceA, instanceB]) {
    await expect.poll(() => listTools(instance, luis)).toContain('summarize_day')
  }
})
afterAll(async () => {
  // After an abort, Node's client opens a spare connection, for which a closing server would wait.
  for (const { server } of [instanceA, instanceB]) server.closeAllConnections()
  await merchant?.service.close()
})

it('announces a changed role, whoever changed it, once every instance knows the new tools', async () => {
  const stream = await open(urlA, luis, await initialize(luis))
  expect(stream.response.status).toBe(200)
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream')
  expect(await listTools(instanceB, luis)).toContain('summarize_day')

  await setRole('luis', merchant.first, 'cashier')
  await expect.poll(() => methodsOf(stream)).toEqual(LISTS_CHANGED)
  for (const instance of [instanceA, instanceB]) expect(await listTools(instance, luis)).toEqual(CASHIERS_TOOLS)
})

it('announces a second business, and nothing to anybody else', async () => {
  const [mine, others] = [
    await open(urlB, luis, await initialize(luis)),
    await open(urlA, merchant.token, await initialize(merchant.token)),
  ]
  await setRole('luis', merchant.second, 'cashier')
  await expect.poll(() => methodsOf(mine)).toEqual(LISTS_CHANGED)
  await removeRole('luis', merchant.second)
  await expect.poll(() => methodsOf(mine)).toEqual([...LISTS_CHANGED, ...LISTS_CHANGED])
  expect(methodsOf(others)).toEqual([])
})

it('resumes on another instance from the last event that was seen', async () => {
  const sid = await initialize(luis)
  const first = await open(urlA, luis, sid)
  await setRole('luis', merchant.first, 'cashier')
  await expect.poll(() => methodsOf(first)).toEqual(LISTS_CHANGED)
  first.close()

  const [, tools] = first.events
  const second = await open(urlB, luis, sid, { 'last-event-id': tools?.id as string })
  await expect.poll(() => methodsOf(second)).toEqual(LISTS_CHANGED.slice(1))
})

it('announces what changed while no stream was open', async () => {
  const sid = await initialize(luis)
  const first = await open(urlA, luis, sid)
  await expect.poll(() => first.events).toEqual([{ id: '0-0', data: '' }])
  first.close()
  await setRole('luis', merchant.first, 'cashier')
  const second = await open(urlB, luis, sid, { 'last-event-id': '0-0' })
  await expect.poll(() => methodsOf(second)).toEqual(LISTS_CHANGED)
})

it('announces what changed while it was being opened', async () => {
  const sid = await initialize(luis)
  const { sessions } = instanceB
  const { read } = sessions
  // By then the credential has been checked, but nobody watches yet.
  sessions.read = async (...args) => {
    sessions.read = read
    const found = await read(...args)
    await setRole('luis', merchant.first, 'cashier')
    await sleep(300)
    return found
  }
  const stream = await open(urlB, luis, sid)
  await expect.poll(() => methodsOf(stream)).toEqual(LISTS_CHANGED)
})

it('does not announce a change to a client that has listed the tools since', async () => {
  const sid = await initialize(luis)
  await setRole('luis', merchant.first, 'cashier')
  await expect.poll(() => listTools(instanceB, luis, sid)).toEqual(CASHIERS_TOOLS)
  const stream = await open(urlB, luis, sid)
  await expect.poll(() => stream.comments.length, { timeout: 5000 }).toBeGreaterThan(1)
  expect(methodsOf(stream)).toEqual([])
})

it('is one for a session: a new one ends the old one, on any instance', async () => {
  const sid = await initialize(luis)
  const first = await open(urlA, luis, sid)
  const second = await open(urlB, luis, sid)
  await first.ended
  await setRole('luis', merchant.first, 'cashier')
  await expect.poll(() => methodsOf(second)).toEqual(LISTS_CHANGED)
  expect(methodsOf(first)).toEqual([])
})

it('sends comments that keep it open', async () => {
  const stream = await open(urlB, luis, await initialize(luis))
  await expect.poll(() => stream.comments, { timeout: 5000 }).toContain('keep-alive')
})

it('starts older clients with a comment, which cannot resume from an event without data', async () => {
  const stream = await open(urlB, luis, await initialize(luis), { 'mcp-protocol-version': '2025-06-18' })
  await expect.poll(() => stream.comments).toContain('open')
  expect(stream.events).toEqual([])
})

it('also serves a session whose record Redis has lost', async () => {
  const sid = await initialize(luis)
  const stream = await open(urlA, luis, sid)
  const redis = connectRedis()
  await redis.del(`mcp:session:${sid}`)
  await setRole('luis', merchant.first, 'cashier')
  await expect.poll(() => methodsOf(stream)).toEqual(LISTS_CHANGED)
  expect(await redis.ttl(`mcp:session:${sid}`)).toBeGreaterThan(0)
  redis.disconnect()
})

it('never holds or harms an instance for a client that does not read', async () => {
  const sid = await initialize(luis)
  const { hostname, port, host } = new URL(urlB)
  const streamsOfB = async () => Number(/^mcp_open_streams (\d+)/m.exec((await instanceB.inject('/metrics')).body)?.[1])
  const before = await streamsOfB()
  // Answers that fill the connection, and behind them a stream that never sends anything.
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const head = `host: ${host}\r\nauthorization: Bearer ${luis}\r\nmcp-session-id: ${sid}\r\n`
  const post = `POST /mcp HTTP/1.1\r\n${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const socket = connect({ host: hostname, port: Number(port) })
  socket.write(post.repeat(400))
  socket.write(`GET /mcp HTTP/1.1\r\n${head}accept: text/event-stream\r\n\r\n`)
  await expect.poll(streamsOfB, { timeout: 10_000 }).toBe(before + 1)

  const taker = await open(urlB, luis, sid)
  // Two keep-alive comments, because a second one to an ended stream would crash the process.
  await expect.poll(() => taker.comments.length, { timeout: 8000 }).toBeGreaterThanOrEqual(3)
  socket.destroy()
  await expect.poll(streamsOfB, { timeout: 8000 }).toBe(before + 1)
  expect((await rpc(instanceB, luis, 'ping')).status).toBe(200)
}, 30_000)

it('is refused at once when the store fails, and is given up even if its subscription comes late', async () => {
  let listenLate = () => {}
  let isStopped = false
  const events: SessionEvents = {
    ...createMemorySessionEvents(),
    latest: () => Promise.reject(new Error('away')),
    listen: () =>
      new Promise((resolve) => {
        listenLate = () =>
          resolve(() => {
            isStopped = true
          })
      }),
  }
  const app = await buildApp({
    config: loadConfig({ DATABASE_URL: merchant.service.db.ownerUrl, MCP_TOKEN_SECRET: SECRET, LOG_LEVEL: 'silent' }),
    databaseRole: SERVICE_ROLE,
    sessions: { store: createMemorySessionStore(), events },
    firebaseApp: merchant.service.issuer.firebaseOptions(),
  })
  const headers = { authorization: `Bearer ${luis}`, accept: 'text/event-stream', 'mcp-session-id': 'any' }
  const { statusCode, headers: answered } = await app.inject({ url: '/mcp', headers })
  expect({ statusCode, after: answered['retry-after'] }).toEqual({ statusCode: 503, after: '2' })
  expect((await app.inject('/metrics')).body).toMatch(/^mcp_open_streams 0$/m)
  listenLate()
  await expect.poll(() => isStopped).toBe(true)
  await app.close()
})

it('ends with its session, on whichever instance that is ended', async () => {
  const sid = await initialize(luis)
  const stream = await open(urlA, luis, sid)
  const headers = { authorization: `Bearer ${luis}`, 'mcp-session-id': sid }
  expect((await fetch(urlB, { method: 'DELETE', headers })).status).toBe(204)
  await stream.ended
  expect((await open(urlA, luis, sid)).response.status).toBe(404)
})

it('ends with its credential', async () => {
  const token = await merchant.service.tokenOf('luis')
  const stream = await open(urlB, token, await initialize(token))
  await merchant.service.db.asOwner('update mcp_token set revoked_at = now() where jti = $1', [jtiOf(token)])
  await stream.ended
  // The other instance hears of it at its own time.
  await expect.poll(async () => (await rpc(instanceA, token, 'ping')).status).toBe(401)
})

it('ends when the token expires', async () => {
  const { service } = merchant
  const token = await service.tokenOf('luis')
  const stream = await open(urlB, token, await initialize(token))
  const { now } = service
  service.now = new Date(now.getTime() + 25 * 3600_000)
  await stream.ended
  service.now = now
})

it('is for the owner of a session, who names it and reads event streams', async () => {
  const sid = await initialize(luis)
  expect((await open(urlA, merchant.token, sid)).response.status).toBe(404)
  for (const headers of [{ 'mcp-session-id': sid, accept: '*/*' }, {}]) {
    const { response } = await openWith(urlA, luis, headers)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, DELETE')
  }
})

it('is refused beyond a limit per person, until one is closed', async () => {
  const [sid, ...others] = [await initialize(luis), await initialize(luis), await initialize(luis)]
  const first = await open(urlB, luis, sid as string)
  await open(urlB, luis, others[0] as string)
  const third = await open(urlB, luis, others[1] as string)
  expect(third.response.status).toBe(429)
  expect(third.response.headers.get('retry-after')).not.toBeNull()
  const owners = await open(urlB, merchant.token, await initialize(merchant.token))
  expect(owners.response.status).toBe(200)
  first.close()
  await expect.poll(async () => (await open(urlB, luis, others[1] as string)).response.status).toBe(200)
})

it('takes one more connection to Redis for each instance, however many streams', async () => {
  const redis = connectRedis()
  const subscribers = async () =>
    ((await redis.client('LIST')) as string).split('\n').filter((each) => / sub=[1-9]/.test(each))
  const sids = await Promise.all([initialize(luis), initialize(merchant.token), initialize(luis)])
  await open(urlA, luis, sids[0])
  await open(urlA, merchant.token, sids[1])
  await open(urlA, luis, sids[2])
  // The other instance ends its own as soon as it sees that the streams of earlier tests are closed.
  await expect.poll(async () => (await subscribers()).length).toBe(1)
  await redis.quit()
})

it('asks clients to come back when its instance closes', async () => {
  const instance = await merchant.service.anotherInstance()
  const sid = await initialize(luis)
  const stream = await open(`${await listen(instance)}/mcp`, luis, sid)
  await instance.close()
  await stream.ended
  expect(stream.retry).toBeGreaterThan(0)
  expect((await open(urlA, luis, sid)).response.status).toBe(200)
})

it('reaches the client of the first SDK', async () => {
  const client = new Client({ name: 'test', version: '1' })
  let changes = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++)
  const requestInit = { headers: { authorization: `Bearer ${luis}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(urlA), { requestInit }) as never)
  await expect.poll(openStreams).toBe(1)
  await setRole('luis', merchant.first, 'cashier')
  await expect.poll(() => changes).toBe(1)
  await client.close()
})

it('reaches the client of the second SDK by subscriptions/listen, and only the one concerned', async () => {
  const connect = async (token: string) => {
    const seen: string[] = []
    const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
    client.setNotificationHandler('notifications/tools/list_changed', ({ method }) => void seen.push(method))
    await client.connect(
      new TransportV2(new URL(urlA), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
    )
    await client.listen({ toolsListChanged: true })
    return { client, seen }
  }
  const [mine, others] = [await connect(luis), await connect(merchant.token)]
  await expect.poll(openStreams).toBe(2)
  await setRole('luis', merchant.first, 'cashier')
  await expect.poll(() => mine.seen).toHaveLength(1)
  expect(others.seen).toEqual([])
  collectGarbage()
  await mine.client.close()
  await others.client.close()
  await expect.poll(openStreams).toBe(0)
})

async function initialize(token: string): Promise<string> {
  const { headers } = await rpc(instanceA, token, 'initialize', INITIALIZE)
  return headers['mcp-session-id'] as string
}

function open(url: string, token: string, sid: string, headers: Record<string, string> = {}): Promise<LiveStream> {
  return openWith(url, token, { 'mcp-session-id': sid, ...headers })
}

async function openWith(url: string, token: string, headers: Record<string, string>): Promise<LiveStream> {
  const stream = await openStream(url, token, headers)
  streams.push(stream)
  return stream
}

async function listTools(app: App, token: string, sid?: string): Promise<string[]> {
  const { body } = await rpc(app, token, 'tools/list', {}, sid === undefined ? {} : { 'mcp-session-id': sid })
  return body.result.tools.map((tool: { name: string }) => tool.name)
}

/** Streams that are open on the first instance. */
async function openStreams(): Promise<number> {
  const { body } = await instanceA.inject({ url: '/metrics' })
  return Number(/^mcp_open_streams (\d+)/m.exec(body)?.[1])
}

// As the till's own back office writes it, without the service.
async function setRole(uid: string, { id }: Shop, role: string): Promise<void> {
  await merchant.service.db.asOwner(
    `insert into business_user (business_id, user_id, role) select $1, id, $3 from app_user where firebase_uid = $2
     on conflict (business_id, user_id) do update set role = excluded.role where business_user.role <> excluded.role`,
    [id, uid, role],
  )
}

async function removeRole(uid: string, { id }: Shop): Promise<void> {
  await merchant.service.db.asOwner(
    'delete from business_user using app_user u where u.id = user_id and u.firebase_uid = $2 and business_id = $1',
    [id, uid],
  )
}

function jtiOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).jti
}

/** Frees everything that nothing refers to any more. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
