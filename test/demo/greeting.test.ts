import { beforeAll, expect, it } from 'vitest'
import { HUDSON } from '../../demo/data/directory.ts'
import { SHOPS } from '../../demo/data/shops.ts'
import { greetingAt } from '../../demo/greeting.ts'
import { learnZones } from '../support/zones.ts'

beforeAll(() => learnZones(...SHOPS.map(({ business }) => business.timezone)))

import { welcome } from '../../demo/welcome.ts'

// Open, by their own clocks: La Ceiba (Guatemala, -06:00) 7 to 20, Café Ñoño (Madrid, +01:00 in winter) 7 to 21, Hudson
// Street (New York, -05:00 in winter) 7 to 19. The first hour has too few sales to tell of.
it.each([
  ['a morning in Guatemala', '2026-11-21T16:20:00Z', 'Tienda La Ceiba', 'how today is going', {}],
  ['its first hour: only the others are open', '2026-11-21T13:30:00Z', 'Café Ñoño', 'how today is going', {}],
  ['a morning in Madrid', '2026-11-21T08:10:00Z', 'Café Ñoño', 'how today is going', {}],
  ['night at every shop', '2026-11-28T04:48:00Z', 'Tienda La Ceiba', 'how yesterday went', { date: '2026-11-26' }],
  ['before Madrid has been open for an hour', '2026-11-28T06:30:00Z', 'Tienda La Ceiba', 'how yesterday went', {}],
  [
    'the last hour in New York',
    '2026-07-03T02:00:00Z',
    'Tienda La Ceiba',
    'how yesterday went',
    { date: '2026-07-01' },
  ],
  ['an evening in Guatemala', '2026-07-03T01:59:00Z', 'Tienda La Ceiba', 'how today is going', {}],
])('asks about a shop that is open, or about yesterday: %s', (_, now, business, question, args) => {
  expect(greetingAt(new Date(now))).toMatchObject({ business, question, arguments: args })
})

it('names the owner, and the business if the owner has several', () => {
  const greeting = greetingAt(new Date('2026-11-21T08:10:00Z'))
  expect(greeting.user.email).toBe('marco@demo.flowpos.app')
  expect(greeting.arguments.businessId).not.toBe(HUDSON.id)
  const facts = {
    mcpUrl: 'http://localhost:1/mcp',
    settingsUrl: '',
    identityUrl: '',
    users: [],
    apiKey: '',
    operatorKey: '',
  }
  const text = welcome(facts, greeting)
  expect(text).toContain('Ask how today is going at Café Ñoño:')
  expect(text).toContain(`"arguments":{"businessId":"${greeting.arguments.businessId}"}`)
  expect(text).toContain('"email":"marco@demo.flowpos.app"')
})
