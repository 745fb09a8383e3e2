import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'
import { openStream } from '../../support/stream.ts'

// A short time, so that the tests need not wait for the real one. The service looks as often as the time is long.
const TIMEOUT_MS = 400

let service: Service
let shop: Shop
let token: string
let port: number
const sockets: Socket[] = []

beforeAll(async () => {
  service = await startService({ users: ['ana'], requestTimeoutMs: TIMEOUT_MS })
  shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  port = (service.app.server.address() as AddressInfo).port
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await service?.close()
})

it.each(['/mcp/token', '/mcp', '/oauth/token'])('ends a request to %s whose body trickles in', async (path) => {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
  )
  const trickle = setInterval(() => socket.write(' '), 50)
  const began = Date.now()
  await once(socket, 'close')
  clearInterval(trickle)
  expect(answer).toMatch(/^HTTP\/1\.1 4/)
  expect(Date.now() - began).toBeLessThan(TIMEOUT_MS * 2 + 1000)
})

it('keeps a connection that sends nothing for as long between two requests', async () => {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  for (const pause of [TIMEOUT_MS * 3, 0]) {
    socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const [chunk] = await once(socket, 'data')
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 200/)
    await sleep(pause)
  }
})

it('leaves alone an open stream, and a call that takes longer', async () => {
  const url = `http://127.0.0.1:${port}/mcp`
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const { headers } = await rpc(service.app, token, 'initialize', params)
  const stream = await openStream(url, token, { 'mcp-session-id': String(headers['mcp-session-id']) })
  expect(stream.response.status).toBe(200)
  let isOver = false
  const over = () => {
    isOver = true
  }
  stream.ended.then(over, over)

  // The call waits for a lock.
  const { asOwner } = service.db
  const locked = asOwner(`do $$ begin lock table customer; perform pg_sleep(${(TIMEOUT_MS * 4) / 1000}); end $$`)
  await sleep(100)
  const began = Date.now()
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: '*/*' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'create_client', arguments: { name: 'Rosa' } },
    }),
  })
  const { result } = (await response.json()) as { result: { isError?: boolean; content: { text: string }[] } }
  await locked
  expect(result.content[0]?.text).toContain('was created')
  expect(Date.now() - began).toBeGreaterThan(TIMEOUT_MS * 2)
  expect(isOver).toBe(false)
  stream.close()
})
