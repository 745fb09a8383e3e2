import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeClient, makePurchase } from '../../support/clients.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// A shop in Guatemala (UTC−6) on 2026-06-30; purchases are given by how many days ago they were.
let service: Service
let shop: Shop
let empty: Shop
let kiosk: Shop
let stall: Shop
let token: string
let cashier: string
let ids: Record<string, string>

beforeAll(async () => {
  service = await startService({ users: ['ana', 'luis'] })
  shop = await makeShop(service.db)
  empty = await makeShop(service.db, { name: 'Empty' })
  kiosk = await makeShop(service.db, { name: 'Kiosk' })
  stall = await makeShop(service.db, { name: 'Stall' })
  await makeUser(
    service.db,
    'ana',
    [shop, empty, kiosk, stall].map((each) => ({ shop: each, role: 'owner' })),
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
  // Twice on one day: a rhythm of one day, not of zero.
  await client('twice', '10', [3, 3])
  // Once: the median of the gaps 10, 10, 10, 10, 10/3, 0, 20 is 10.
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
      // edge active, thirds, newcomer (15 days = 1.5 × 10)
      active: 3,
      // past active, edge risk, twice (3 days = 3 × 1), last new day, first old day
      atRisk: 5,
      lost: 1,
      switchedOff: 1,
      // First purchase in the last 30 days: thirds, twice, newcomer, last new day.
      new: 4,
      // edge active, thirds
      returning: 2,
      withoutPurchase: 2,
    })
    // 7 of 10.
    expect(repeatRatePercent).toBe('70.0')
  })

  it('values what is at risk by the day since the first purchase', async () => {
    const { valueAtRisk, atRiskClients } = await health()
    // Net sales × 90 ÷ days since the first purchase, including both ends:
    // edge risk 1200 × 90 / 51 = 2117.647, past active 300 × 90 / 37 = 729.730, twice 20 × 90 / 4 = 450,
    // last new day 30 × 90 / 30 = 90, first old day 30 × 90 / 31 = 87.097; together 3474.474.
    expect(valueAtRisk).toEqual({ amount: '3474.47', currency: 'GTQ' })
    expect(atRiskClients[0]).toEqual({
      id: ids['edge risk'],
      code: 'edge risk',
      name: 'edge risk',
      status: 'at_risk',
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
      ['twice', '450.00'],
      ['last new day', '90.00'],
      ['first old day', '87.10'],
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
      ['edge risk', 'at_risk'],
      ...['edge active', 'past active']
        .sort((a, b) => (String(ids[a]) < String(ids[b]) ? -1 : 1))
        .map((name) => [name, name === 'edge active' ? 'active' : 'at_risk']),
      ['lost', 'lost'],
      ['off', 'off'],
    ])
  })

  it('leads with the answer, names whom to call, and states its definitions', async () => {
    const { text, worthDoing } = await health()
    expect(text).toMatch(
      /^Of 10 clients who have bought, 3 are active, 5 at risk and 1 lost; GTQ 3,474\.47 of the next 90 days is at risk \(as of 2026-06-30\)\./,
    )
    expect(worthDoing).toHaveLength(1)
    expect(worthDoing[0]).toContain(`edge risk (${ids['edge risk']}, GTQ 2117.65); past active (${ids['past active']}`)
    expect(text).toContain(`1. ${worthDoing[0]}`)
    expect(text).toContain('Definitions, in days of America/Guatemala: rhythm = mean gap')
    expect(text).toContain('Left out: all but 5 clients per list')
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
    expect(text).toMatch(/^No client has bought yet; 0 clients are on file\./)
    expect(counts).toMatchObject({ withPurchases: 0, active: 0 })
    expect({ usualGapDays, repeatRatePercent, topClients }).toEqual({
      usualGapDays: '30.0',
      repeatRatePercent: null,
      topClients: [],
    })
  })

  it('uses 30 days if nobody has bought twice, and gives at most three things to do', async () => {
    const single = await makeProduct(service.db, stall, { sku: 'A' })
    const longName = '客户名称非常长'.repeat(20)
    for (let index = 0; index < 12; index++) {
      const id = await makeClient(service.db, stall, { code: `${index}`, name: longName })
      // 45 days are 1.5 × 30, 46 are more.
      await makePurchase(service.db, stall, id, order(single, `${index}`, index === 0 ? 45 : 46, '10'))
    }
    await makeOrder(service.db.database, stall, order(single, 'x', 1, '120'))
    const { counts, usualGapDays, worthDoing, concentration, text } = await health(stall.id)
    expect(usualGapDays).toBe('30.0')
    expect(counts).toMatchObject({ active: 1, atRisk: 11, lost: 0, returning: 0 })
    // The first 10 of 12, and 2 of 12 as a tenth rounded up; half of all sales have no client.
    expect(concentration).toMatchObject({
      topTenPercent: '83.3',
      topTenthPercent: '16.7',
      withoutClientPercent: '50.0',
    })
    expect(worthDoing.map((thing: string) => thing.split(' ').slice(0, 2).join(' '))).toEqual([
      'Get in',
      'Look after',
      'Bring clients',
    ])
    expect(countTokens(text)).toBeLessThan(2000)
  })

  it('takes no arguments, and needs the scope of intents', async () => {
    const { text } = await call(service.app, token, 'get_client_health', { businessId: shop.id, days: 30 })
    expect(text).toMatch(/^invalid_argument: Unknown argument "days"/)
    expect((await call(service.app, cashier, 'get_client_health')).text).toMatch(/^role_not_allowed: .*pos:intents/)
  })
})
