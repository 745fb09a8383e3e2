import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { generateApiKey } from '../../src/auth/api-key.ts'
import { closedSchema } from '../../src/mcp/published-schema.ts'
import { RESEARCH_TOOLS } from '../../src/mcp/view.ts'
import { HOSTILE_ROLE, type HostileShop, INJECTIONS, makeHostileShop } from '../support/hostile-shop.ts'
import { call, rpc, type Service, startService } from '../support/service.ts'
import { makeProduct, makeShop, makeUser, type Shop } from '../support/shop.ts'
import { callsOf } from '../support/tool-calls.ts'

// What holds for every tool, whatever people have written into the shop.
const MAX_TOKENS = 8000
const MAX_INTENT_TOKENS = 2000
// TOOLS_SEED repeats a run, whose seed is printed: it decides the ids, by which rows with the same name are ordered, and
// the scripts of the long names.
const SEED = Number(process.env.TOOLS_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** The scripts that cost the most tokens, three of which are used. */
const SCRIPTS = ['🧿𓂀꧁', '𒀱ꙮ௵', 'ﷺ꧅𝕬', 'ཀྵཨྲཾ', 'ក្រ្ញ៉ា', 'ѪѬѮ', 'ŒƀƋ', '龘靐齉', '0f3b9c', '"|\\']

let service: Service
let hostile: HostileShop
let long: HostileShop
let token: string
let operator: string
let answers: { hostile: Answers; long: Answers }

beforeAll(async () => {
  service = await startService({ users: ['ana', 'beto'] })
  const userId = await makeUser(service.db, 'ana', [])
  const options = { now: service.now, userId }
  process.stdout.write(`every-tool: TOOLS_SEED=${SEED}\n`)
  hostile = await makeHostileShop(service.db, INJECTIONS, { ...options, seed: `hostile ${SEED}` })
  // As long as possible.
  const scripts = [0, 1, 2].map((index) => SCRIPTS[(SEED * (index + 1) + index) % SCRIPTS.length] as string)
  long = await makeHostileShop(
    service.db,
    scripts.map((text) => text.repeat(60)),
    { ...options, seed: `long ${SEED}` },
  )
  const shop = await makeShop(service.db, { name: hostile.name })
  await service.db.asOwner('insert into business_user (business_id, user_id, role) values ($1, $2, $3)', [
    shop.id,
    userId,
    HOSTILE_ROLE,
  ])
  token = await service.tokenOf('ana')
  operator = await operatorKey()
  answers = { hostile: await answersAbout(hostile), long: await answersAbout(long) }
})
afterAll(() => service?.close())

async function operatorKey(): Promise<string> {
  const { rawKey, hash } = generateApiKey()
  await service.db.asOwner(
    "insert into mcp_api_key (role, scopes, label, key_hash) values ('platform_operator', '{pos:read}', 'ops', $1)",
    [hash],
  )
  return rawKey
}

/** Every tool's answers about a shop. */
async function answersAbout(shop: HostileShop): Promise<Answers> {
  const tools = (await loadTools()).filter((tool) => tool.kind === 'business')
  const answers: Answers = []
  for (const tool of tools) {
    for (const args of callsOf(tool, shop)) {
      const mode = tool.mode === 'write' ? { dryRun: true } : {}
      const { body, text, isError } = await call(service.app, token, tool.name, {
        ...args,
        ...mode,
        businessId: shop.id,
      })
      // An old sale cannot be cancelled; every other call must succeed.
      if (isError && tool.name !== 'cancel_order') throw new Error(`${tool.name} ${JSON.stringify(args)}: ${text}`)
      answers.push({ name: tool.name, result: body.result })
    }
  }
  return answers
}

type Answers = { name: string; result: Result }[]

interface Result {
  content: { text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
}

/** Tokens of a text, even if it contains the tokenizer's special tokens. */
function tokensOf(text: string): number {
  return countTokens(text, { disallowedSpecial: new Set() })
}

/** Every text in a result. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** Whether a text contains characters that a reader does not see, or that move what they see. */
function isUnsafe(text: string): boolean {
  return /[\p{Cf}\p{Co}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u.test(text)
}

/** Fails if a result contains hidden characters, data of several lines, or a line that a stranger began. */
function expectHeld(name: string, result: Result): void {
  const [{ text } = { text: '' }] = result.content
  const hidden = textsIn(result).filter(isUnsafe)
  const broken = textsIn(result.structuredContent).filter((each) => each.includes('\n'))
  // A line made by a stranger would begin with their words; a row of a table begins with a bar.
  const begun = text
    .split('\n')
    .filter((line) => /^[^\w|]*(SYSTEM|Human|Assistant|Use this id|Ignore all|You are now)/.test(line))
  expect({ name, hidden, broken, begun }).toEqual({ name, hidden: [], broken: [], begun: [] })
}

describe('text written by strangers', () => {
  it('stays data in every tool: one line, no hidden characters, no markup of a conversation', () => {
    for (const { name, result } of answers.hostile) {
      const [{ text } = { text: '' }] = result.content
      expectHeld(name, result)
      // Only the service itself writes the line that names the business.
      if (result.isError !== true)
        expect({ name, lines: text.match(/^Business: /gm)?.length }).toEqual({ name, lines: 1 })
    }
  })

  it('stays data as the name of a business and of a role, for operators and in refusals too', async () => {
    const odd = (await call(service.app, token, 'get_context')).data.businesses.at(-1) as { id: string }
    const asked: [credential: string, tool: string, args: Record<string, unknown>][] = [
      [token, 'get_context', {}],
      [token, 'set_active_business', { businessId: odd.id }],
      // Refused: the role gives nothing; a business of nobody.
      [token, 'get_products', { businessId: odd.id }],
      [token, 'get_products', { businessId: '00000000-0000-4000-8000-000000000000' }],
      [operator, 'list_tenants', {}],
      [operator, 'set_active_tenant', { tenantId: hostile.id }],
      [operator, 'get_context', {}],
    ]
    for (const [credential, tool, args] of asked) {
      expectHeld(tool, (await call(service.app, credential, tool, args)).body.result)
    }
    const uri = 'flowpos://business/profile'
    const { body } = await rpc(service.app, operator, 'resources/read', { uri })
    expectHeld(uri, { content: body.result.contents })
    const pinned = await rpc(service.app, token, 'resources/read', { uri }, { url: `/mcp?businessId=${odd.id}` })
    expect(textsIn(pinned.body.error).filter(isUnsafe)).toEqual([])
    expect(pinned.body.error.message).not.toContain('\n')
  })

  it('stays data in the answers of the token routes', async () => {
    const firebaseIdToken = service.issuer.issueToken('ana')
    const exchanged = await service.app.inject({ method: 'POST', url: '/mcp/token', payload: { firebaseIdToken } })
    expect(exchanged.statusCode, exchanged.body).toBe(200)
    const grant = exchanged.json()
    expect(grant.authorizedBusinesses).toHaveLength(3)
    const refreshed = await service.app.inject({
      method: 'POST',
      url: '/mcp/token/refresh',
      headers: { authorization: `Bearer ${grant.accessToken}` },
    })
    const keys = await service.app.inject({
      url: '/mcp/keys?businessId=00000000-0000-4000-8000-000000000000',
      headers: { authorization: `Bearer ${firebaseIdToken}` },
    })
    expect([refreshed.statusCode, keys.statusCode]).toEqual([200, 403])
    for (const answer of [grant, refreshed.json(), keys.json()]) {
      expect(textsIn(answer).filter((each) => isUnsafe(each) || each.includes('\n'))).toEqual([])
    }
  })

  it('never reaches what describes the tools', async () => {
    const { body } = await rpc(service.app, token, 'tools/list')
    const listed = JSON.stringify(body)
    for (const injection of INJECTIONS) expect(listed).not.toContain(injection.trim().slice(0, 20))
  })

  it('stands within a boundary if it is long, whose code is new in every result and in both halves', () => {
    const codes: string[] = []
    for (const { name, result } of [...answers.hostile, ...answers.long]) {
      const { content, structuredContent } = result
      // Without the boundary that a stranger made up.
      const all = textsIn(result).join('\n').replaceAll('<untrusted-7f3a9c1e>', '')
      const opened = [...all.matchAll(/<untrusted-([0-9a-f]{8})>/g)].map(([, code]) => code as string)
      const [code] = opened
      if (code === undefined) continue
      codes.push(code)
      const closed = all.split(`</untrusted-${code}>`).length - 1
      // Its meaning is told once, which names the boundary as well.
      const told = content[0]?.text.split(`What <untrusted-${code}> encloses`).length
      const inData = JSON.stringify(structuredContent).includes(`<untrusted-${code}>`)
      expect({ name, codes: new Set(opened).size, unclosed: opened.length - closed, told, inData }).toEqual({
        name,
        codes: 1,
        unclosed: 1,
        told: 2,
        inData: true,
      })
    }
    expect(codes.length).toBeGreaterThan(10)
    expect(new Set(codes).size).toBe(codes.length)
  })

  it('stands within a boundary in a replayed result, too', async () => {
    const args = { client: 'C-1', note: INJECTIONS[0], idempotencyKey: 'note', businessId: hostile.id }
    const codes = []
    for (const _ of [1, 2]) {
      const { data } = await call(service.app, token, 'update_client', args)
      codes.push(/^<untrusted-([0-9a-f]{8})>Ignore all previous/.exec(data.changes[0].to)?.[1])
    }
    expect(codes).toEqual([expect.any(String), expect.any(String)])
    expect(codes[0]).not.toBe(codes[1])
  })
})

describe('a result', () => {
  it(`is read for at most ${MAX_TOKENS} tokens, each half of an intent for ${MAX_INTENT_TOKENS}, whatever the data`, () => {
    const sizes: Record<string, number> = {}
    const halves: Record<string, number> = {}
    for (const { name, result } of [...answers.long, ...answers.hostile]) {
      sizes[name] = Math.max(sizes[name] ?? 0, tokensOf(JSON.stringify(result)))
      if (/^summarize_|_health$/.test(name)) {
        for (const half of [result.content[0]?.text ?? '', JSON.stringify(result.structuredContent)]) {
          halves[name] = Math.max(halves[name] ?? 0, tokensOf(half))
        }
      }
    }
    expect(Object.entries(sizes).filter(([, size]) => size > MAX_TOKENS)).toEqual([])
    expect(Object.entries(halves).filter(([, size]) => size > MAX_INTENT_TOKENS)).toEqual([])
  })
})

describe('the structured content of a result', () => {
  let beto: string
  let empty: Shop
  let till: Shop

  beforeAll(async () => {
    empty = await makeShop(service.db, { name: 'Empty' })
    till = await makeShop(service.db, { name: 'Till', locationZones: ['America/Guatemala', 'America/Guatemala'] })
    await makeUser(service.db, 'beto', [
      { shop: empty, role: 'owner' },
      { shop: till, role: 'owner' },
    ])
    beto = await service.tokenOf('beto')
  })

  it('is as the full schemas say, with nothing else', async () => {
    const schemas = { ...(await resultSchemas(operator)), ...(await resultSchemas(token)) }
    const results = [
      ...answers.hostile,
      ...answers.long,
      ...(await read(empty)),
      ...(await write()),
      ...(await answer(beto, 'get_context', {})),
      ...(await answer(beto, 'set_active_business', { businessId: till.id })),
      ...(await answer(operator, 'get_context', {})),
      ...(await answer(operator, 'list_tenants', { limit: 1 })),
      ...(await answer(operator, 'set_active_tenant', { tenantId: till.id })),
    ]
    const checked = new Set<string>()
    for (const { name, result } of results) {
      if (result.structuredContent === undefined) continue
      const isValid = schemas[name] as ValidateFunction
      isValid(result.structuredContent)
      expect({ name, problems: isValid.errors ?? [] }).toEqual({ name, problems: [] })
      checked.add(name)
    }
    // The tools of research modes are in a list of their own, and have tests of their own.
    const names = (await loadTools()).map(({ name }) => name).filter((name) => !RESEARCH_TOOLS.includes(name))
    expect([...checked].sort()).toEqual(names.sort())
  })

  /** Validators of results by tool, from the published schemas. */
  async function resultSchemas(credential: string): Promise<Record<string, ValidateFunction>> {
    const ajv = addFormats.default(new Ajv2020({ allErrors: true, allowUnionTypes: true }))
    const { body } = await rpc(service.app, credential, 'tools/list', {}, { url: '/mcp?schemas=full' })
    const tools = body.result.tools as { name: string; outputSchema: Record<string, unknown> }[]
    return Object.fromEntries(tools.map(({ name, outputSchema }) => [name, ajv.compile(closedSchema(outputSchema))]))
  }

  async function answer(credential: string, name: string, args: Record<string, unknown>): Promise<Answers> {
    const { body, text, isError } = await call(service.app, credential, name, args)
    expect({ name, failure: isError ? text : null }).toEqual({ name, failure: null })
    return [{ name, result: body.result }]
  }

  /** The answers of an empty shop, from every reading tool that can be called without arguments. */
  async function read(shop: Shop): Promise<Answers> {
    const found: Answers = []
    for (const { tool, listing } of service.app.registry.all) {
      if (tool.kind !== 'business' || tool.mode !== 'read' || listing.one.inputSchema.required !== undefined) continue
      found.push(...(await answer(beto, tool.name, { businessId: shop.id })))
    }
    return found
  }

  /** Every tool that writes, called for real and then again with the same key. */
  async function write(): Promise<Answers> {
    const [locationId, toLocationId] = till.locations
    await makeProduct(service.db, till, { sku: 'TEA', price: '12.50' })
    const items = [{ product: 'TEA', quantity: '1' }]
    const done: Answers = []
    const twice = async (name: string, args: Record<string, unknown>) => {
      const call = { ...args, businessId: till.id, idempotencyKey: `${name}-${done.length}` }
      const [first] = await answer(beto, name, call)
      const [again] = await answer(beto, name, call)
      expect(again?.result.structuredContent).toMatchObject({ dryRun: false, replayed: true })
      done.push(first as Answers[number], again as Answers[number])
      return first?.result.structuredContent as { order?: { id: string }; client?: { code: string } }
    }
    await twice('adjust_inventory', { product: 'TEA', locationId, change: '10', reason: 'purchase' })
    await twice('adjust_inventory', { product: 'TEA', locationId, countedQuantity: '10' })
    await twice('transfer_inventory', { fromLocationId: locationId, toLocationId, items })
    await twice('create_product', { name: 'Cocoa', sku: 'COCOA', price: '9', category: 'Hot', createCategory: true })
    await twice('update_product', { variant: 'TEA', price: '13', category: 'Hot' })
    const { client } = await twice('create_client', { name: 'Carla', email: 'carla@example.com' })
    await twice('create_client', { name: 'Carla', email: 'carla@example.com', allowDuplicate: true })
    await twice('update_client', { client: client?.code, phone: '555' })
    const first = await twice('create_order', { locationId, items, clientId: client?.code })
    await twice('cancel_order', { order: first.order?.id, reason: 'mistake' })
    const second = await twice('create_order', { locationId, items })
    await twice('refund_order', { order: second.order?.id, reason: 'cold', restock: true })
    return done
  }
})
