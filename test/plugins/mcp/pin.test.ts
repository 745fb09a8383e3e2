import { afterAll, beforeAll, expect, it } from 'vitest'
import { generateApiKey } from '../../../src/auth/api-key.ts'
import { call, rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

let service: Service
let first: Shop
let second: Shop
let foreign: Shop
let ana: string
let operator: string
let header: Record<string, string>

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  first = await makeShop(service.db, { name: 'Primera' })
  second = await makeShop(service.db, { name: 'Segunda' })
  foreign = await makeShop(service.db, { name: 'Ajena' })
  await makeUser(service.db, 'ana', [
    { shop: first, role: 'owner' },
    { shop: second, role: 'cashier' },
  ])
  ana = await service.tokenOf('ana')
  const { rawKey, hash } = generateApiKey()
  await service.db.asOwner(
    "insert into mcp_api_key (role, scopes, label, key_hash) values ('platform_operator', '{pos:read}', 'ops', $1)",
    [hash],
  )
  operator = rawKey
  header = { 'x-flowpos-business-id': first.id }
})
afterAll(() => service?.close())

it.each(['header', 'URL'])('a pin in the %s holds for every tool that could show another business', async (where) => {
  const pin = where === 'header' ? header : { url: `/mcp?businessId=${first.id}` }
  for (const [tool, args] of [
    ['summarize_day', { allBusinesses: true }],
    ['summarize_period', { allBusinesses: true, from: '2026-01-01', to: '2026-01-31' }],
    ['get_context', {}],
  ] as const) {
    const answer = await rpc(service.app, ana, 'tools/call', { name: tool, arguments: args }, pin)
    expect(answer.body.result.isError, tool).toBeFalsy()
    expect(JSON.stringify(answer.body), tool).toContain('Primera')
    expect(JSON.stringify(answer.body), tool).not.toContain('Segunda')
    expect(JSON.stringify(answer.body), tool).not.toContain(second.id)
  }
  expect((await call(service.app, ana, 'get_context', {})).text).toContain('Segunda')
})

it('a pin holds for prompts, resources and lists: there is nothing to choose', async () => {
  const prompt = async (headers = {}) =>
    JSON.stringify((await rpc(service.app, ana, 'prompts/get', { name: 'morning_briefing' }, headers)).body)
  expect(await prompt()).toContain('allBusinesses')
  expect(await prompt(header)).not.toContain('allBusinesses')
  const profile = await rpc(service.app, ana, 'resources/read', { uri: 'flowpos://business/profile' }, header)
  expect(JSON.stringify(profile.body)).toContain('Primera')
  const { tools } = (await rpc(service.app, ana, 'tools/list', {}, header)).body.result
  expect(tools.map(({ name }: { name: string }) => name)).not.toContain('set_active_business')
  expect(JSON.stringify(tools)).not.toContain('"businessId"')
})

it('under a pin the role in that business decides what is listed', async () => {
  const pin = { 'x-flowpos-business-id': second.id }
  const { tools } = (await rpc(service.app, ana, 'tools/list', {}, pin)).body.result
  const names = tools.map(({ name }: { name: string }) => name)
  expect(names).toContain('list_orders')
  expect(names).not.toContain('get_sales_report')
})

it('a pin to a business that is not theirs is refused by every tool, and names the choices', async () => {
  const pin = { 'x-flowpos-business-id': foreign.id }
  for (const tool of ['get_context', 'summarize_day', 'list_orders']) {
    const { isError, text } = await call(service.app, ana, tool, {}, pin)
    expect(isError, tool).toBe(true)
    expect(text).toContain('business_not_available')
    expect(text).not.toContain('Ajena')
  }
})

it('an operator changes tenants by set_active_tenant only', async () => {
  const slipped = await call(service.app, operator, 'list_orders', { businessId: first.id })
  expect(slipped).toMatchObject({ isError: true, text: expect.stringContaining('set_active_tenant') })
  await call(service.app, operator, 'set_active_tenant', { tenantId: first.id })
  expect((await call(service.app, operator, 'list_orders', { businessId: first.id })).isError).toBeFalsy()
  const other = await call(service.app, operator, 'list_orders', { businessId: second.id })
  expect(other).toMatchObject({ isError: true, text: expect.stringContaining('set_active_tenant') })
})

it('a weak token does not steer a strong one of the same person', async () => {
  const weak = await service.tokenOf('ana', { scopes: ['psa:read'] })
  const strong = await service.tokenOf('ana')
  await call(service.app, weak, 'set_active_business', { businessId: second.id })
  expect((await call(service.app, weak, 'get_context')).data.activeBusinessId).toBe(second.id)
  expect((await call(service.app, strong, 'get_context')).data.activeBusinessId).toBe(first.id)
})
