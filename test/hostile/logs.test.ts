import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Service, startService } from '../support/service.ts'
import { makeShop, makeUser } from '../support/shop.ts'
import { headerText, hostileText, rpcMessage } from './arbitraries.ts'
import { address, COUNTS, type Request, Siege } from './siege.ts'

const COUNT = COUNTS.logs

let service: Service
let token: string
const lines: string[] = []

beforeAll(async () => {
  const logger = { level: 'trace', stream: { write: (line: string) => void lines.push(line) } }
  service = await startService({ users: ['ana'], logger })
  await makeUser(service.db, 'ana', [{ shop: await makeShop(service.db), role: 'owner' }])
  token = await service.tokenOf('ana')
})
afterAll(() => service?.close())

it(`writes one line of JSON per event for ${COUNT} inputs, whatever they contain, and no credential`, async () => {
  const siege = new Siege(service.app)
  const requests = fc
    .tuple(rpcMessage, hostileText, headerText(), headerText(), address, fc.boolean())
    .map(([message, path, agent, session, remoteAddress, isCall]): Request => {
      const headers = { authorization: `Bearer ${token}`, 'user-agent': agent, 'content-type': 'application/json' }
      const others = { 'mcp-session-id': session, 'x-request-id': agent, 'x-forwarded-for': agent }
      const rest = { method: 'POST' as const, remoteAddress, payload: JSON.stringify(message) }
      if (isCall) return { ...rest, url: '/mcp', headers: { ...headers, ...others } }
      return { ...rest, url: `/${encodeURI(path.toWellFormed()).slice(0, 2000)}`, headers }
    })
  await siege.run('logged requests', COUNT, requests)
  siege.report('logs')
  expect(lines.length).toBeGreaterThanOrEqual(siege.sent)
  for (const line of lines) {
    expect(line.endsWith('\n')).toBe(true)
    const text = line.slice(0, -1)
    // Escapes, and whatever moves the cursor of the terminal that shows it, stay escaped.
    expect(text).not.toMatch(/\p{Cc}/u)
    expect(JSON.parse(text)).toMatchObject({ level: expect.any(Number), time: expect.any(Number) })
    expect(text).not.toContain(token)
  }
})
