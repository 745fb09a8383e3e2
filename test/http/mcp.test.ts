import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpc, type Service, startService } from '../support/service.ts'
import { makeShop, makeUser } from '../support/shop.ts'

let service: Service
let token: string

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
})
afterAll(() => service?.close())

const INITIALIZE = {
  protocolVersion: '2024-11-05',
  capabilities: {},
  clientInfo: { name: 'gemini-bridge', version: '1.0' },
}

describe('the published bridge', () => {
  it('gets plain JSON for Accept: */*, without initialized and protocol version', async () => {
    const initialized = await rpc(service.app, token, 'initialize', INITIALIZE)
    expect(initialized.status).toBe(200)
    expect(initialized.body.result.protocolVersion).toBe('2024-11-05')
    const sid = initialized.headers['mcp-session-id'] as string
    expect(sid).toMatch(/^[0-9a-f-]{36}$/)

    const list = await rpc(service.app, token, 'tools/list', {}, { 'mcp-session-id': sid })
    expect(list.body.result.tools.map((tool: { name: string }) => tool.name)).toContain('summarize_day')

    const called = await rpc(
      service.app,
      token,
      'tools/call',
      { name: 'summarize_day', arguments: {} },
      { 'mcp-session-id': sid },
    )
    expect(called.body.result.content[0].text).toMatch(/^Net sales GTQ 0.00 from 0 orders/)
  })
})
