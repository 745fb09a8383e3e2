import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANA, DEMO_BUSINESSES, DEMO_MEMBERSHIPS, MARCO, SOFIA } from '../../demo/data/directory.ts'
import { seedDemo } from '../../demo/seed.ts'
import { call, type Service, startService } from '../support/service.ts'

// A conversation pays for every answer, in text and in data: each half of an intent fits one screen.
const LIMIT = 2000
/** A Saturday afternoon in Madrid, the morning in New York and Guatemala. */
const NOW = new Date('2026-11-28T16:20:00Z')
const OWNERS = [ANA, MARCO, SOFIA]

let service: Service
const tokens = new Map<string, string>()

beforeAll(async () => {
  service = await startService({ users: OWNERS.map(({ uid }) => uid) })
  await seedDemo({ connectionString: service.db.ownerUrl, now: NOW, days: 120, scale: 1 })
  for (const { id, uid } of OWNERS) tokens.set(id, await service.tokenOf(uid))
  service.now = NOW
}, 180_000)
afterAll(() => service?.close())

describe.each(DEMO_BUSINESSES)('of $name', ({ id: businessId }) => {
  it.each([
    ['summarize_day', {}],
    ['summarize_day', { date: '2026-11-27' }],
    ['summarize_day', { allBusinesses: true }],
    ['summarize_period', {}],
    ['summarize_period', { preset: 'last_week' }],
    ['summarize_period', { preset: 'last_90_days' }],
    ['summarize_period', { allBusinesses: true }],
    ['get_inventory_health', {}],
    ['get_client_health', {}],
    ['get_forecast', {}],
    ['get_forecast', { days: 28 }],
  ])('%s %o costs less than 2,000 tokens in text and as much in data', async (tool, args) => {
    const owner = DEMO_MEMBERSHIPS.find((each) => each.businessId === businessId && each.role === 'owner')
    const token = tokens.get(owner?.userId ?? '') ?? ''
    const of = 'allBusinesses' in args ? {} : { businessId }
    const { data, text, isError } = await call(service.app, token, tool, { ...of, ...args })
    expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
    expect(countTokens(text)).toBeLessThan(LIMIT)
    expect(countTokens(JSON.stringify(data))).toBeLessThan(LIMIT)
  })
})
