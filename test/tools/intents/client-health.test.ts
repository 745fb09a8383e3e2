import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENT_STATUSES, hasStatus, ratedClients } from '../../../src/pos/clients/client-status.ts'
import { makeClient, makePurchase } from '../../support/clients.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// A shop in Guatemala (UTC−6) on 2026-06-30; purchases are given by how many days ago they were.
let service: Service
let shop: Shop
let empty: Shop
let kiosk: Shop
let stall: Shop
let corner: Shop
let token: string
let cashier: string
let ids: Record<string, string>

beforeAll(async () => {
  service = await startService({ users: ['ana', 'luis'] })
  shop = await makeShop(service.db)
  empty = await makeShop(service.db, { name: 'Empty' })
  kiosk = await makeShop(service.db, { name: 'Kiosk' })
  stall = await makeShop(service.db, { name: 'Stall' })
  corner = await makeShop(service.db, { name: 'Corner' })
  await makeUser(
    service.db,
    'ana',
    [shop, empty, kiosk, stall, corner].map((each) => ({ shop: each, role: 'owner' })),
  )
  await makeUser(service.db, 'luis', [{ shop, role: 'cashier' }])
  token = await service.tokenOf('ana')
  cashier = await service.tokenOf('luis')
  // 23:00 on the 30th in Guatemala, where it is the next day in UTC.
  service.now = new Date('2026-07-01T05:00:00Z')
  ids = await fill(shop)
})
afterAll(() => service?.close())

/** Creates the clients of the figures below. @returns their ids by name */
async function fill(shop: Shop): Promise<Record<string, string>> {
  const made: Record<string, string> = {}
  const product = await makeProduct(service.db, shop, { sku: 'A' })
  /** A client who spends `each` on each of some days ago. */
  async function client(name: string, each: string, daysAgo: number[], isActive = true): Promise<string> {
    const id = await makeClient(service.db, shop, { code: name, name, is_active: isActive })
    made[name] = id
    for (const [index, days] of daysAgo.entries()) {
      await makePurchase(service.db, shop, id, order(product, `${name} ${index}`, days, each))
    }
    return id
  }

  // Rhythm of 10 days: on the edge of active (15 days), just past it (16), on the edge of at risk (30), beyond (31).
  await client('edge active', '100', [35, 25, 15])
  await client('past active', '100', [36, 26, 16])
  await client('edge risk', '400', [50, 40, 30])
  await client('lost', '50', [51, 41, 31])
  // (10 − 0) ÷ 3 days between four purchases: 1.5 rhythms are exactly 5 days, where thirds in decimals would miss it.
  await client('thirds', '10', [15, 12, 9, 5])
  // Too few purchases for a rhythm: the median of the others, 10, 10, 10, 10 and 10/3, is 10 days.
  await client('twice', '10', [3, 3])
  await client('newcomer', '30', [15])
  await client('last new day', '30', [29])
  await client('first old day', '30', [30])
  await client('off', '70', [45, 25], false)
  await client('never', '0', [])
  const open = await client('only open', '0', [])
  await makePurchase(service.db, shop, open, order(product, 'open', 2, '10', 'open'))
  // Sales without a client.
  await makeOrder(service.db.database, shop, order(product, 'nobody', 1, '440'))
  return made
}

function order(product: Product, number: string, daysAgo: number, unitPrice: string, status?: 'open') {
  const at = new Date(Date.UTC(2026, 5, 30, 18) - daysAgo * 86_400_000).toISOString()
  return { number, at, lines: [{ ...product, quantity: '1', unitPrice }], ...(status === undefined ? {} : { status }) }
}

const health = async (businessId = shop.id) => {
  const { data, text, isError } = await call(service.app, token, 'get_client_health', { businessId })
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { ...data, text }
}

describe('get_client_health', () => {
  it('counts clients by their own rhythm, edges on the near side', async () => {
    const { counts, usualGapDays, repeatRatePercent, asOf, timezone } = await health()
    expect({ asOf, timezone, usualGapDays }).toEqual({
      asOf: '2026-06-30',
      timezone: 'America/Guatemala',
      usualGapDays: '10.0',
    })
    expect(counts).toEqual({
      withPurchases: 10,
      // edge active, thirds, and those with fewer than three purchases within 30 days
      active: 6,
      // past active, edge risk
      atRisk: 2,
      lost: 1,
      switchedOff: 1,
      // First purchase in the last 30 days: thirds, twice, newcomer, last new day.
      new: 4,
      // edge active, thirds, twice
      returning: 3,
      withoutPurchase: 2,
    })
    // 7 of 10.
    expect(repeatRatePercent).toBe('70.0')
  })

  it('values what is at risk by the day since the first purchase', async () => {
    const { valueAtRisk, atRiskClients } = await health()
    // Net sales × 90 ÷ days since the first purchase, including both ends:
    // edge risk 1200 × 90 / 51 = 2117.647, past active 300 × 90 / 37 = 729.730; together 2847.377.
    expect(valueAtRisk).toBe('2847.38')
    expect(atRiskClients[0]).toEqual({
      code: 'edge risk',
      name: 'edge risk',
      orders: 3,
      netSales: '1200.00',
      lastPurchase: '2026-05-31',
      daysSince: 30,
      rhythmDays: '10.0',
      expectedNetSales: '2117.65',
    })
    expect(
      atRiskClients.map((row: { name: string; expectedNetSales: string }) => [row.name, row.expectedNetSales]),
    ).toEqual([
      ['edge risk', '2117.65'],
      ['past active', '729.73'],
    ])
  })

  it('says how much depends on few clients, and how much on none', async () => {
    const { concentration, topClients } = await health()
    // 300 + 300 + 1200 + 150 + 40 + 20 + 30 + 30 + 30 + 140 = 2240; one of ten has 1200; 440 of 2680 have no client.
    expect(concentration).toEqual({
      netSales: '2240.00',
      topTenPercent: '100.0',
      topTenthPercent: '53.6',
      withoutClientPercent: '16.4',
    })
    expect(topClients.map((row: { name: string; status: string }) => [row.name, row.status])).toEqual([
      ['edge risk', 'at risk'],
      ...['edge active', 'past active']
        .sort((a, b) => (String(ids[a]) < String(ids[b]) ? -1 : 1))
        .map((name) => [name, name === 'edge active' ? 'active' : 'at risk']),
      ['lost', 'lost'],
      ['off', 'switched off'],
    ])
  })

  it('leads with the answer, names whom to call, and states its definitions in both halves', async () => {
    const { text, advice, terms, leftOut } = await health()
    const [answer, named] = text.split('\n')
    expect(answer).toBe(
      'Of 10 clients who have bought: 6 active, 2 at risk, 1 lost, 1 switched off (as of 2026-06-30). Clients at ' +
        'risk would normally bring GTQ 2,847.38 without tax in the next 90 days.',
    )
    expect(named).toBe(leftOut)
    expect(leftOut).toBe(
      'Not named below: 1 lost client, 5 of those who have bought; list_clients has them by status (at_risk, lost, ' +
        'active, new, returning).',
    )
    expect(advice).toEqual([
      'Get in touch with the most valuable clients at risk: edge risk (edge risk, GTQ 2,117.65); past active (past ' +
        'active, GTQ 729.73).',
    ])
    expect(text).toContain(`1. ${advice[0]}`)
    expect(text).toContain('| edge risk | edge risk | 3 | 1,200.00 | 2026-05-31 | 30 | 10.0 | 2,117.65 |')
    expect(text).toContain('16.4 % of net sales are not linked to a client.')
    expect(text).toContain(terms)
    expect(terms).toContain('net sales: lifetime, without tax')
    expect(terms).toContain('none for more than 1.5 rhythms and at least 14 days')
    expect(terms).toContain('days of America/Guatemala')
    expect(text).not.toContain(ids['edge risk'] as string)
  })

  it('calls nobody at risk within two weeks, nor lost within four, nor at risk without three purchases', async () => {
    const product = await makeProduct(service.db, corner, { sku: 'A' })
    const visits: [name: string, status: string, daysAgo: number[]][] = [
      // A rhythm of one day.
      ['13 days', 'active', [15, 14, 13]],
      ['14 days', 'at risk', [16, 15, 14]],
      ['27 days', 'at risk', [29, 28, 27]],
      ['28 days', 'lost', [30, 29, 28]],
      // Two purchases are no rhythm; the usual one is a day.
      ['two, 27 days', 'active', [28, 27]],
      ['two, 28 days', 'lost', [29, 28]],
    ]
    for (const [name, , daysAgo] of visits) {
      const id = await makeClient(service.db, corner, { code: name, name })
      for (const [index, days] of daysAgo.entries()) {
        await makePurchase(service.db, corner, id, order(product, `${name} ${index}`, days, '10'))
      }
    }
    const { counts, usualGapDays, topClients, atRiskClients } = await health(corner.id)
    expect(usualGapDays).toBe('1.0')
    expect(counts).toMatchObject({ active: 2, atRisk: 2, lost: 2, returning: 2, new: 5 })
    expect(atRiskClients.map(({ name }: { name: string }) => name).sort()).toEqual(['14 days', '27 days'])
    for (const { name, status } of topClients)
      expect([name, status]).toEqual(visits.find(([each]) => each === name)?.slice(0, 2))
  })

  it('lists by the same rule that it counts by', async () => {
    for (const each of [shop, corner]) {
      const { counts } = await health(each.id)
      const listed = await service.db.database.within({ businessId: each.id }, 'read', async (db) => {
        const business = { id: each.id, timezone: 'America/Guatemala' }
        const today = '2026-06-30'
        const { rows } = await sql<Record<string, number>>`
          select ${sql.join(
            CLIENT_STATUSES.map(
              (status) => sql`count(*) filter (where ${hasStatus(status, 'r', today)})::integer as ${sql.ref(status)}`,
            ),
          )} from ${ratedClients(business, today)} r`.execute(db)
        return rows[0]
      })
      const { active, atRisk, lost, returning } = counts
      expect(listed).toEqual({ active, at_risk: atRisk, lost, returning, new: counts.new })
    }
  })

  it('follows a refund: net sales are what stayed', async () => {
    await fill(kiosk)
    const before = await health(kiosk.id)
    const [sold] = await service.db.asOwner<{ id: string; productId: string; variantId: string }>(
      `select o.id, i.product_id as "productId", i.variant_id as "variantId" from orders o join order_item i on i.order_id = o.id
       where o.business_id = $1 and o.order_number = 'lost 0'`,
      [kiosk.id],
    )
    const { id: orderId, ...product } = sold as { id: string } & Product
    await makeRefund(service.db.database, kiosk, {
      orderId,
      at: '2026-06-30T18:00:00Z',
      lines: [{ ...product, line: 1, quantity: '1', returns: '50' }],
    })
    const after = await health(kiosk.id)
    expect([before.concentration.netSales, after.concentration.netSales]).toEqual(['2240.00', '2190.00'])
    // Only purchases count for recency: a refund is not a visit.
    expect(after.counts).toEqual(before.counts)
  })

  it('says so if nobody has bought', async () => {
    const { text, counts, usualGapDays, repeatRatePercent, topClients } = await health(empty.id)
    expect(text).toMatch(
      /^No client has bought yet; 0 clients are on file \(as of 2026-06-30\)\. There are no sales yet\./,
    )
    expect(counts).toMatchObject({ withPurchases: 0, active: 0 })
    expect({ usualGapDays, repeatRatePercent, topClients }).toEqual({
      usualGapDays: '30.0',
      repeatRatePercent: null,
      topClients: [],
    })
  })

  it('uses 30 days if nobody has a rhythm, and stays within its tokens', async () => {
    const single = await makeProduct(service.db, stall, { sku: 'A' })
    const longName = '客户名称非常长'.repeat(20)
    for (let index = 0; index < 12; index++) {
      const id = await makeClient(service.db, stall, { code: `${index}`, name: longName })
      // 90 days are 3 × 30, 91 are more.
      await makePurchase(service.db, stall, id, order(single, `${index}`, index === 0 ? 90 : 91, '10'))
    }
    await makeOrder(service.db.database, stall, order(single, 'x', 1, '120'))
    const { counts, usualGapDays, advice, concentration, text, ...data } = await health(stall.id)
    expect(usualGapDays).toBe('30.0')
    expect(counts).toMatchObject({ active: 1, atRisk: 0, lost: 11, returning: 0 })
    // The first 10 of 12, and 2 of 12 as a tenth rounded up; half of all sales have no client.
    expect(concentration).toMatchObject({
      topTenPercent: '83.3',
      topTenthPercent: '16.7',
      withoutClientPercent: '50.0',
    })
    expect(advice).toEqual([
      'Look after the top 10: they bring 83.3 % of what all clients bring.',
      'Bring clients back a second time: 12 of 12 have bought only once.',
      'Note the client on more sales: 50.0 % of net sales are not linked to a client.',
    ])
    expect(countTokens(text)).toBeLessThan(2000)
    expect(countTokens(JSON.stringify(data))).toBeLessThan(2000)
  })

  it('takes no arguments, and needs the scope of intents', async () => {
    const { text } = await call(service.app, token, 'get_client_health', { businessId: shop.id, days: 30 })
    expect(text).toMatch(/^invalid_argument: Unknown argument "days"/)
    expect((await call(service.app, cashier, 'get_client_health')).text).toMatch(/^role_not_allowed: .*pos:intents/)
  })
})
