import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpc, type Service, startService } from '../../support/service.ts'
import { makeProduct, makeShop, makeUser, type Shop } from '../../support/shop.ts'

// What a person can pick in a client besides tools, with the same visibility and tenancy.
let service: Service
let luna: Shop
let sol: Shop
let owner: string
let cashier: string

beforeAll(async () => {
  service = await startService({ users: ['ana', 'luis', 'bea'] })
  luna = await makeShop(service.db, { name: 'Luna', pricesIncludeTax: true, taxRate: '0.12' })
  sol = await makeShop(service.db, { name: 'Sol', currency: 'EUR', timezone: 'Europe/Madrid' })
  await makeProduct(service.db, luna, { sku: 'PAN', category: 'Bakery' })
  for (const uid of ['ana', 'bea']) {
    await makeUser(service.db, uid, [
      { shop: luna, role: 'owner' },
      { shop: sol, role: 'owner' },
    ])
  }
  await makeUser(service.db, 'luis', [{ shop: luna, role: 'cashier' }])
  owner = await service.tokenOf('ana')
  cashier = await service.tokenOf('luis')
})
afterAll(() => service?.close())

const ask = async (token: string, method: string, params: Record<string, unknown> = {}, headers = {}) =>
  (await rpc(service.app, token, method, params, headers)).body

const modern = {
  'mcp-protocol-version': '2026-07-28',
  accept: 'application/json, text/event-stream',
}
const META = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  },
}

describe('prompts', () => {
  it('are offered to those who may use the tools that they lead to', async () => {
    const { result } = await ask(owner, 'prompts/list')
    expect(result.prompts.map(({ name }: { name: string }) => name)).toEqual([
      'month_review',
      'morning_briefing',
      'reorder_plan',
    ])
    expect((await ask(cashier, 'prompts/list')).result.prompts).toEqual([])
  })

  it('answer like unknown ones when hidden', async () => {
    const hidden = await ask(cashier, 'prompts/get', { name: 'morning_briefing' })
    const unknown = await ask(cashier, 'prompts/get', { name: 'no_such_prompt' })
    expect(hidden.error).toEqual({ code: -32602, message: expect.stringContaining('Unknown prompt') })
    expect(hidden.error.message.replace('morning_briefing', 'no_such_prompt')).toBe(unknown.error.message)
  })

  it('mention all businesses to people who have several', async () => {
    const { result } = await ask(owner, 'prompts/get', { name: 'morning_briefing' })
    expect(result.messages[0].content.text).toContain('allBusinesses')
  })

  it('take their argument, and refuse others by name', async () => {
    const given = await ask(owner, 'prompts/get', { name: 'month_review', arguments: { month: '2026-10' } })
    expect(given.result.messages[0].content.text).toContain('2026-10')
    const wrong = await ask(owner, 'prompts/get', { name: 'month_review', arguments: { month: 'October' } })
    expect(wrong.error).toEqual({ code: -32602, message: expect.stringMatching(/month must look like 2026-10/) })
    const unknown = await ask(owner, 'prompts/get', { name: 'reorder_plan', arguments: { shop: 'x' } })
    expect(unknown.error.message).toMatch(/Unknown argument "shop"; none is taken here/)
  })

  it('name only tools that exist', async () => {
    const { result } = await ask(owner, 'tools/list')
    const tools = result.tools.map(({ name }: { name: string }) => name)
    for (const name of ['month_review', 'morning_briefing', 'reorder_plan']) {
      const { result: prompt } = await ask(owner, 'prompts/get', { name })
      const named = prompt.messages[0].content.text.match(/\b(get|list|summarize)_[a-z_]+/g)
      expect(tools).toEqual(expect.arrayContaining(named))
    }
  })

  it('are listed in the newest revision, too, and not cacheable by shared caches', async () => {
    const { result } = await ask(owner, 'prompts/list', META, { ...modern, 'mcp-method': 'prompts/list' })
    expect(result.prompts).toHaveLength(3)
    expect(result.cacheScope).toBe('private')
  })
})

describe('resources', () => {
  it('are listed by scope', async () => {
    const { result } = await ask(owner, 'resources/list')
    expect(result.resources.map(({ uri }: { uri: string }) => uri)).toEqual([
      'flowpos://business/profile',
      'flowpos://glossary',
    ])
    expect((await ask(owner, 'resources/templates/list')).result.resourceTemplates).toEqual([])
    const narrow = await service.tokenOf('ana', { scopes: ['reports:read'] })
    const { result: less } = await ask(narrow, 'resources/list')
    expect(less.resources.map(({ uri }: { uri: string }) => uri)).toEqual(['flowpos://glossary'])
    const hidden = await ask(narrow, 'resources/read', { uri: 'flowpos://business/profile' })
    expect(hidden.error.code).toBe(-32002)
  })

  it('tell of the active business, and of no other', async () => {
    const text = async (headers = {}) =>
      (await ask(owner, 'resources/read', { uri: 'flowpos://business/profile' }, headers)).result.contents[0].text
    expect(await text()).toContain('# Luna')
    expect(await text()).toContain('default tax 12 %; prices include tax')
    expect(await text()).toContain('1 active product in 1 category')
    const pinned = await text({ 'x-flowpos-business-id': sol.id })
    expect(pinned).toContain('# Sol')
    expect(pinned).toContain('EUR')
    expect(pinned).not.toContain(luna.id)
  })

  it('follow the business that was chosen last', async () => {
    const bea = await service.tokenOf('bea')
    await ask(bea, 'tools/call', { name: 'set_active_business', arguments: { businessId: sol.id } })
    const { result } = await ask(bea, 'resources/read', { uri: 'flowpos://business/profile' })
    expect(result.contents[0].text).toContain('# Sol')
  })

  it('answer an unknown address as the protocol says, in both eras', async () => {
    const uri = 'flowpos://business/secrets'
    expect((await ask(owner, 'resources/read', { uri })).error).toMatchObject({ code: -32002, data: { uri } })
    const newest = await ask(
      owner,
      'resources/read',
      { uri, ...META },
      { ...modern, 'mcp-method': 'resources/read', 'mcp-name': uri },
    )
    expect(newest.error).toMatchObject({ code: -32602, data: { uri } })
  })

  it('define the figures', async () => {
    const { result } = await ask(cashier, 'resources/read', { uri: 'flowpos://glossary' })
    expect(result.contents[0]).toMatchObject({ mimeType: 'text/markdown', text: expect.stringContaining('net sales') })
  })
})
