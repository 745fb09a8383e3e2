import { afterEach, beforeEach, expect, it } from 'vitest'
import { FIRST_DAY, listen, type Merchant, SECOND_DAY, startMerchant } from '../../support/merchant.ts'
import type { App } from '../../support/service.ts'
import { makeUser } from '../../support/shop.ts'

let merchant: Merchant
let strangersToken: string
let instanceB: App
let urlA: string
let urlB: string

beforeEach(async () => {
  merchant = await startMerchant(['eve'])
  await makeUser(merchant.service.db, 'eve', [{ shop: merchant.second, role: 'owner' }])
  strangersToken = await merchant.service.tokenOf('eve')
  instanceB = await merchant.service.anotherInstance()
  urlA = merchant.mcpUrl
  urlB = `${await listen(instanceB)}/mcp`
})
afterEach(() => merchant?.service.close())

it('lets a conversation alternate between instances, switch on one, and outlive one', async () => {
  const sid = await initialize(urlA)
  expect(await tools(urlB, sid)).toContain('set_active_business')
  expect(await summarize(urlA, sid)).toMatch(FIRST_DAY)
  expect(await summarize(urlB, sid)).toMatch(FIRST_DAY)

  await switchTo(urlB, sid, merchant.second.id)
  expect(await summarize(urlA, sid)).toMatch(SECOND_DAY)
  await switchTo(urlA, sid, merchant.first.id)
  expect(await summarize(urlB, sid)).toMatch(FIRST_DAY)
  await switchTo(urlA, sid, merchant.second.id)

  const deployed = await merchant.service.anotherInstance()
  const urlC = `${await listen(deployed)}/mcp`
  expect(await summarize(urlC, sid)).toMatch(SECOND_DAY)
  await deployed.close()
  await expect(fetch(urlC)).rejects.toThrow()
  expect(await summarize(urlA, sid)).toMatch(SECOND_DAY)
  expect(await summarize(urlB, sid)).toMatch(SECOND_DAY)
})

it('keeps two conversations of one merchant apart', async () => {
  const [one, other] = [await initialize(urlA), await initialize(urlB)]
  await switchTo(urlA, one, merchant.first.id)
  await switchTo(urlB, other, merchant.second.id)
  expect(await summarize(urlB, one)).toMatch(FIRST_DAY)
  expect(await summarize(urlA, other)).toMatch(SECOND_DAY)
})

it.each(['POST', 'DELETE'])(
  'answers 404 to %s with the session id of somebody else, on every instance',
  async (method) => {
    const sid = await initialize(urlA)
    await switchTo(urlA, sid, merchant.first.id)
    for (const url of [urlA, urlB]) {
      const body = method === 'POST' ? message('tools/call', { name: 'summarize_day', arguments: {} }) : undefined
      const response = await send(url, { method, sid, body, token: strangersToken })
      expect(response.status).toBe(404)
      expect(await response.text()).not.toContain(merchant.first.name)
    }
    expect(await summarize(urlB, sid)).toMatch(FIRST_DAY)
  },
)

it('answers 404 on every instance to a session that was ended on one', async () => {
  const sid = await initialize(urlA)
  expect((await send(urlA, { method: 'DELETE', sid })).status).toBe(204)
  for (const url of [urlB, urlA]) {
    expect((await send(url, { sid, body: message('tools/list') })).status).toBe(404)
  }
})

it('serves a session id that no instance knows', async () => {
  const sid = crypto.randomUUID()
  await switchTo(urlA, sid, merchant.second.id)
  expect(await summarize(urlB, sid)).toMatch(SECOND_DAY)
})

async function initialize(url: string): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const response = await send(url, { body: message('initialize', params) })
  expect(response.status).toBe(200)
  return response.headers.get('mcp-session-id') as string
}

async function tools(url: string, sid: string): Promise<string[]> {
  const response = await send(url, { sid, body: message('tools/list') })
  const { result } = (await response.json()) as { result: { tools: { name: string }[] } }
  return result.tools.map(({ name }) => name)
}

async function call(url: string, sid: string, name: string, args: Record<string, unknown>): Promise<string> {
  const response = await send(url, { sid, body: message('tools/call', { name, arguments: args }) })
  expect(response.status).toBe(200)
  const { result } = (await response.json()) as { result: { content: [{ text: string }]; isError?: boolean } }
  expect(result.isError).toBeUndefined()
  return result.content[0].text
}

function summarize(url: string, sid: string): Promise<string> {
  return call(url, sid, 'summarize_day', {})
}

function switchTo(url: string, sid: string, businessId: string): Promise<string> {
  return call(url, sid, 'set_active_business', { businessId })
}

function message(method: string, params: Record<string, unknown> = {}) {
  return { jsonrpc: '2.0', id: 1, method, params }
}

function send(url: string, request: { method?: string; sid?: string; token?: string; body?: unknown }) {
  const { method = 'POST', sid, token = merchant.token, body } = request
  return fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(sid === undefined ? {} : { 'mcp-session-id': sid }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}
