import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Service, startService } from '../support/service.ts'
import { makeShop, makeUser } from '../support/shop.ts'
import { hostileText } from './arbitraries.ts'
import { HEADER } from './corpora/header.ts'
import { COUNTS, leakIn, seed } from './siege.ts'

const COUNT = COUNTS.sockets

let service: Service
let token: string
let port: number

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  await makeUser(service.db, 'ana', [{ shop: await makeShop(service.db), role: 'owner' }])
  token = await service.tokenOf('ana')
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  port = (service.app.server.address() as AddressInfo).port
})
afterAll(() => service?.close())

// Headers that a client library would refuse to send.
it(`ends ${COUNT} connections that speak HTTP badly with a refusal, and lets no header through`, async () => {
  const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
  const text = fc.oneof(hostileText, fc.constantFrom(...HEADER))
  const line = fc
    .tuple(fc.constantFrom('x-a', 'origin', 'host', 'cookie', 'mcp-session-id', 'content-type'), text)
    .map((pair) => pair.join(': '))
  const request = fc.oneof(
    fc.record({
      start: fc.constant('POST /mcp HTTP/1.1'),
      lines: fc.array(line, { maxLength: 5 }),
      body: fc.constant(body),
    }),
    fc.record({
      start: text.map((path) => `GET /${path} HTTP/1.1`),
      lines: fc.array(line, { maxLength: 2 }),
      body: fc.constant(''),
    }),
    fc.record({ start: text, lines: fc.array(text, { maxLength: 5 }), body: text }),
    fc.record({
      start: fc.constant('POST /mcp HTTP/1.1'),
      lines: fc.constantFrom(
        ['Transfer-Encoding: chunked', 'Content-Length: 5'],
        ['Content-Length: 5', 'Content-Length: 6'],
        ['Transfer-Encoding: xchunked'],
        ['Transfer-Encoding : chunked'],
        ['Content-Length: -1'],
        ['Content-Length: 99999999999999999999'],
        [' folded: yes'],
        ['Expect: 200-ok'],
      ),
      body: fc.constant('0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n'),
    }),
  )
  let sent = 0
  let answered = 0
  const property = fc.asyncProperty(request, async ({ start, lines, body: payload }) => {
    sent++
    const length = lines.some((each) => /^(content-length|transfer-encoding)/i.test(each))
      ? []
      : [`Content-Length: ${Buffer.byteLength(payload)}`]
    const head = [start, 'Host: 127.0.0.1', `Authorization: Bearer ${token}`, 'Connection: close', ...length, ...lines]
    const answer = await exchange(Buffer.from(`${head.join('\r\n')}\r\n\r\n${payload}`, 'latin1'))
    if (answer !== '') answered++
    // Nobody answers a request that never ends; everything else is answered or ended.
    for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) expect(Number(status)).toBeLessThan(500)
    expect(answer).not.toMatch(/^(set-cookie: a=b|location: https:\/\/evil)/im)
    expect(answer).not.toContain('# HELP')
    expect(leakIn({ body: answer, headers: {} })).toBeUndefined()
  })
  await fc.assert(property, { seed: seed(), numRuns: COUNT, endOnFailure: true })
  console.log(`sockets: ${sent} inputs, ${answered} answered, HOSTILE_SEED=${seed()}`)
  expect(sent).toBeGreaterThanOrEqual(COUNT)
  expect(answered).toBeGreaterThan(COUNT / 2)
  const open = await new Promise<number>((resolve, reject) =>
    service.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
  expect(open).toBeLessThan(5)
})

/** What comes back until the connection ends; a request that is incomplete is ended from this side. */
async function exchange(bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.end(bytes)
  socket.setTimeout(10_000, () => socket.destroy(new Error('hangs')))
  const closed = once(socket, 'close')
  await closed
  expect(socket.errored?.message).not.toBe('hangs')
  return answer
}
