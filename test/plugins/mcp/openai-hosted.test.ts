import { afterEach, beforeEach, expect, it } from 'vitest'
import { FIRST_DAY, type Merchant, SECOND_DAY, startMerchant } from '../../support/merchant.ts'

let merchant: Merchant

beforeEach(async () => {
  merchant = await startMerchant()
})
afterEach(() => merchant?.service.close())

// OpenAI's hosted client ends its session after each answer of the model, and goes on using the id.
const INITIALIZE = {
  protocolVersion: '2025-03-26',
  capabilities: {},
  clientInfo: { name: 'openai-mcp', version: '1.0.0' },
}

it('gives the client no session id, and serves it without one', async () => {
  const initialized = await post('initialize', INITIALIZE)
  expect(initialized.status).toBe(200)
  expect(initialized.headers.has('mcp-session-id')).toBe(false)
  expect((await post('notifications/initialized')).status).toBe(202)

  const { result } = (await (await post('tools/list')).json()) as { result: { tools: { name: string }[] } }
  expect(result.tools.map(({ name }) => name)).toContain('summarize_day')
  expect(await call('summarize_day')).toMatch(FIRST_DAY)
  await call('set_active_business', { businessId: merchant.second.id })
  expect(await call('summarize_day')).toMatch(SECOND_DAY)
})

it('serves on after a DELETE without an id', async () => {
  await call('set_active_business', { businessId: merchant.second.id })
  expect((await send('DELETE')).status).toBeLessThan(500)
  expect(await call('summarize_day')).toMatch(SECOND_DAY)
})

it('serves on with an id that it was never given, before and after ending it', async () => {
  await call('set_active_business', { businessId: merchant.second.id })
  const sid = crypto.randomUUID()
  expect((await send('DELETE', { sid })).status).toBe(204)
  expect(await call('summarize_day', {}, sid)).toMatch(SECOND_DAY)
})

async function call(name: string, args: Record<string, unknown> = {}, sid?: string): Promise<string> {
  const response = await post('tools/call', { name, arguments: args }, sid)
  expect(response.status).toBe(200)
  const { result } = (await response.json()) as { result: { content: [{ text: string }] } }
  return result.content[0].text
}

function post(method: string, params: Record<string, unknown> = {}, sid?: string): Promise<Response> {
  const id = method.startsWith('notifications/') ? {} : { id: 1 }
  return send('POST', { sid, body: JSON.stringify({ jsonrpc: '2.0', ...id, method, params }) })
}

function send(method: string, { sid, body }: { sid?: string | undefined; body?: string } = {}): Promise<Response> {
  return fetch(merchant.mcpUrl, {
    method,
    headers: {
      authorization: `Bearer ${merchant.token}`,
      'content-type': 'application/json',
      accept: 'application/json',
      ...(sid === undefined ? {} : { 'mcp-session-id': sid }),
    },
    ...(body === undefined ? {} : { body }),
  })
}
