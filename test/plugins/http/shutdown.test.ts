import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, it } from 'vitest'
import shutdown from '../../../plugins/http/shutdown.ts'

const DELAY_MS = 200
let app: FastifyInstance
let port: number
const agents: Agent[] = []

beforeEach(async () => {
  app = Fastify({ forceCloseConnections: 'idle', return503OnClosing: false })
  await app.register(shutdown)
  app.get('/', () => 'served')
  app.get('/slow', async () => {
    await sleep(DELAY_MS + 300)
    return 'served'
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = (app.server.address() as AddressInfo).port
})
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy()
  await app.close()
})

/** A client with a single keep-alive connection. */
function connect() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  return (path = '/') =>
    new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent }, (response) => {
        response.resume().once('end', () => resolve(response))
      }).once('error', reject)
    })
}

it('serves new connections until balancers had time to notice, and refuses them from then on', async () => {
  expect(app.isLeaving()).toBe(false)
  const left = app.leave(DELAY_MS)
  expect(app.isLeaving()).toBe(true)
  expect((await connect()()).statusCode).toBe(200)
  await left
  await expect(connect()()).rejects.toThrow('ECONNREFUSED')
})

it('gives every open connection one more answer, which ends it', async () => {
  const [one, other] = [connect(), connect()]
  for (const send of [one, other]) expect((await send()).headers.connection).toBe('keep-alive')
  const left = app.leave(0)
  await expect.poll(() => connect()().catch((error: Error) => error.message)).toContain('ECONNREFUSED')
  for (const send of [one, other]) {
    const response = await send()
    expect({ status: response.statusCode, connection: response.headers.connection }).toEqual({
      status: 200,
      connection: 'close',
    })
  }
  await left
})

it('lets requests in flight finish', async () => {
  const answer = connect()('/slow')
  await sleep(50)
  await app.leave(DELAY_MS)
  await app.close()
  expect((await answer).statusCode).toBe(200)
})

it('is also leaving when it is closed without a call of leave()', async () => {
  await app.close()
  expect(app.isLeaving()).toBe(true)
})

it('does not wait for a connection on which nothing was ever sent', async () => {
  const socket = createConnection({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  // So that the server has accepted it.
  await connect()()
  const closed = app.close().then(() => 'closed')
  expect(await Promise.race([closed, sleep(2000, 'waits')])).toBe('closed')
  socket.destroy()
})
