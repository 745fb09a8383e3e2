import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lockStock, stockKey, writeMovements } from '../../../src/pos/inventory/stock-writing.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeProduct, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

let service: Service
let shop: Shop
let single: Shop
let userId: string
let token: string
let center: string
let coast: string
let coffee: Product
let bread: Product

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  shop = await makeShop(service.db, { locationZones: ['America/Guatemala', 'America/Guatemala'] })
  single = await makeShop(service.db, { name: 'Bar Sol' })
  userId = await makeUser(service.db, 'ana', [
    { shop, role: 'cashier' },
    { shop: single, role: 'owner' },
  ])
  token = await service.tokenOf('ana')
  ;[center, coast] = shop.locations as [string, string]
})
afterAll(() => service?.close())

let count = 0
beforeEach(async () => {
  count += 1
  coffee = await makeProduct(service.db, shop, { sku: `CAFE-${count}`, name: 'Café' })
  bread = await makeProduct(service.db, shop, { sku: `PAN-${count}`, name: 'Pan' })
  await put(coffee, center, '10')
})

const put = ({ variantId }: Product, locationId: string, quantity: string) =>
  service.db.asOwner(
    `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
     values ($1, $2, $3, $4, 'opening')`,
    [shop.id, locationId, variantId, quantity],
  )

/** Stock on hand, which must be the sum of its ledger; undefined if none is kept. */
async function onHand({ variantId }: Product, locationId: string): Promise<string | undefined> {
  const [row] = await service.db.asOwner<{ on_hand: string; ledger: string }>(
    `select trim_scale(i.on_hand)::text as on_hand, trim_scale(coalesce((select sum(m.quantity) from inventory_movement m
       where m.business_id = i.business_id and m.location_id = i.location_id and m.variant_id = i.variant_id), 0))::text as ledger
     from inventory i where i.location_id = $1 and i.variant_id = $2`,
    [locationId, variantId],
  )
  expect(row?.on_hand).toBe(row?.ledger)
  return row?.on_hand
}

const movements = ({ variantId }: Product) =>
  service.db.asOwner<{ location_id: string; quantity: string; reason: string; source_id: string | null }>(
    `select location_id, trim_scale(quantity)::text as quantity, reason, source_id, note, created_by, created_at
     from inventory_movement where variant_id = $1 and reason <> 'opening' order by quantity`,
    [variantId],
  )

const adjust = (args: Record<string, unknown>) =>
  call(service.app, token, 'adjust_inventory', { businessId: shop.id, locationId: center, ...args })

const transfer = (items: unknown, args: Record<string, unknown> = {}) =>
  call(service.app, token, 'transfer_inventory', {
    businessId: shop.id,
    fromLocationId: center,
    toLocationId: coast,
    items,
    ...args,
  })

describe('adjust_inventory', () => {
  it('writes one entry of the ledger, which stock follows', async () => {
    const product = `CAFE-${count}`
    const { data, text } = await adjust({ product, change: '-2.5', reason: 'damage', note: 'Mojado' })
    expect(data).toMatchObject({
      name: 'Café',
      variantId: coffee.variantId,
      sku: product,
      location: { id: center, name: 'Location 1' },
      before: '10',
      change: '-2.5',
      after: '7.5',
      reason: 'damage',
      dryRun: false,
    })
    expect(text).toContain(
      `Stock of Café [${product}, ${coffee.variantId}] at Location 1 (${center}): 10 before, -2.5 (damage), 7.5 now. Movement ${data.movementId}.`,
    )
    expect(await onHand(coffee, center)).toBe('7.5')
    expect(await movements(coffee)).toEqual([
      {
        location_id: center,
        quantity: '-2.5',
        reason: 'damage',
        source_id: null,
        note: 'Mojado',
        created_by: `user:${userId}`,
        created_at: service.now,
      },
    ])
    const subject = `inventory_movement ${data.movementId}`
    const rows = await service.db.asOwner('select action from mcp_audit where subject = $1', [subject])
    expect(rows).toEqual([{ action: 'adjust_inventory' }])
  })

  it('sets stock to what was counted', async () => {
    const { data, text } = await adjust({ product: coffee.variantId, countedQuantity: '12' })
    expect(data).toMatchObject({ before: '10', change: '2', after: '12', reason: 'count' })
    expect(text).toContain('10 before, +2 (count), 12 now')
    expect(await onHand(coffee, center)).toBe('12')
  })

  it('writes nothing if the count is right', async () => {
    const { data, text } = await adjust({ product: coffee.variantId, countedQuantity: '10.000' })
    expect(data).toMatchObject({ movementId: null, before: '10', change: '0', after: '10' })
    expect(text).toMatch(/^No movement was written: stock of Café .* is 10 already\./)
    expect(await movements(coffee)).toEqual([])
  })

  it('begins to keep stock of a product that had none, but not for a count of zero', async () => {
    expect((await adjust({ product: bread.variantId, countedQuantity: '0' })).data).toMatchObject({ movementId: null })
    expect(await onHand(bread, center)).toBeUndefined()
    const { data } = await adjust({ product: bread.variantId, change: '6', reason: 'purchase' })
    expect(data).toMatchObject({ before: '0', after: '6', reason: 'purchase' })
    expect(await onHand(bread, center)).toBe('6')
  })

  it('never goes below 0, and says what there is', async () => {
    const { text, isError } = await adjust({ product: coffee.variantId, change: '-10.001' })
    expect(isError).toBe(true)
    expect(text).toMatch(/^conflict: Stock would go below 0: there is only 10 at this location\./)
    expect(await movements(coffee)).toEqual([])
    // Stock that is already below 0 may move towards it.
    await put(bread, center, '-5')
    expect((await adjust({ product: bread.variantId, change: '3' })).data).toMatchObject({ before: '-5', after: '-2' })
  })

  it('is refused when stock is not what was expected', async () => {
    const { text } = await adjust({ product: coffee.variantId, change: '1', expectedOnHand: '9' })
    expect(text).toMatch(/^conflict: Stock is 10 now, not the expectedOnHand of 9\./)
    expect((await adjust({ product: coffee.variantId, change: '1', expectedOnHand: '10.0' })).data.after).toBe('11')
  })

  it.each([
    [{}, 'Give either change or countedQuantity, and not both.'],
    [{ change: '1', countedQuantity: '1' }, 'Give either change or countedQuantity, and not both.'],
    [{ change: '0' }, 'change must not be 0.'],
    [{ countedQuantity: '-1' }, 'countedQuantity must not be negative.'],
    [{ change: '3', reason: 'damage' }, 'change must be negative for damage: it takes from stock. Did you mean "-3"?'],
    [{ change: { by: 3 } }, 'change must be a decimal number'],
    [{ change: '1.2345' }, 'change must be a decimal number'],
    [{ change: '1', reason: 'sale' }, 'reason must be one of: adjustment, count, damage, purchase'],
    [{ change: '1', quantity: '2' }, 'Unknown argument "quantity"'],
    [{ change: '1', locationId: undefined }, 'locationId must be one of this business'],
  ])('refuses %j', async (args, message) => {
    const { text, isError } = await adjust({ product: coffee.variantId, ...args })
    expect(isError).toBe(true)
    expect(text).toContain(`invalid_argument: ${message}`)
    expect(await onHand(coffee, center)).toBe('10')
  })

  it('needs no location where there is one only, and finds nothing of another business', async () => {
    const wine = await makeProduct(service.db, single, { sku: `VINO-${count}` })
    const own = { businessId: single.id, locationId: undefined }
    expect((await adjust({ product: wine.variantId, change: '1', ...own })).data.location.id).toBe(single.locations[0])
    for (const product of [wine.variantId, 'NADA']) {
      expect((await adjust({ product, change: '1' })).text).toContain(
        `not_found: product: no product of this business has the SKU, id or name "${product}".`,
      )
    }
    expect((await adjust({ product: coffee.variantId, change: '1', locationId: single.locations[0] })).isError).toBe(
      true,
    )
  })

  it('adds up when two people adjust at once', async () => {
    const results = await Promise.all([
      adjust({ product: coffee.variantId, change: '-6' }),
      adjust({ product: coffee.variantId, change: '-3' }),
      adjust({ product: coffee.variantId, change: '4' }),
    ])
    const afters = results.map(({ data }) => [data.before, data.after])
    expect(new Set(afters.map(([before]) => before)).size).toBe(3)
    expect(await onHand(coffee, center)).toBe('5')
    // Both adjust a product whose stock was not kept before.
    const both = await Promise.all([
      adjust({ product: bread.variantId, change: '1' }),
      adjust({ product: bread.variantId, change: '1' }),
    ])
    expect(both.map(({ data }) => data.after).sort()).toEqual(['1', '2'])
    expect(await onHand(bread, center)).toBe('2')
  })

  it('takes the last unit only once', async () => {
    const results = await Promise.all(
      ['-7', '-7'].map((change) => adjust({ product: coffee.variantId, change, dryRun: false })),
    )
    expect(results.map(({ isError }) => isError).sort()).toEqual([false, true])
    expect(await onHand(coffee, center)).toBe('3')
  })

  it('rehearses, and does the same once for a repeated key', async () => {
    const rehearsed = await adjust({ product: bread.variantId, change: '5', dryRun: true })
    expect(rehearsed.data).toMatchObject({ dryRun: true, before: '0', after: '5' })
    expect(await onHand(bread, center)).toBeUndefined()
    const once = { product: bread.variantId, change: '5', idempotencyKey: `k-${count}` }
    const [first, second] = [await adjust(once), await adjust(once)]
    expect(second.data).toEqual({ ...first.data, replayed: true })
    expect(await onHand(bread, center)).toBe('5')
  })
})

describe('transfer_inventory', () => {
  it('moves each item out of one place and into the other', async () => {
    await put(bread, center, '4')
    const { data, text } = await transfer(
      [
        { product: `CAFE-${count}`, quantity: '2.5' },
        { product: bread.variantId, quantity: '4' },
      ],
      { note: 'Para el puerto' },
    )
    expect(data).toMatchObject({
      from: { id: center, name: 'Location 1' },
      to: { id: coast, name: 'Location 2' },
      items: [
        { variantId: coffee.variantId, quantity: '2.5', onHandFrom: '7.5', onHandTo: '2.5' },
        { variantId: bread.variantId, quantity: '4', onHandFrom: '0', onHandTo: '4' },
      ],
    })
    expect(text).toContain(`Moved 2 products from Location 1 (${center}) to Location 2 (${coast})`)
    expect(text).toContain(`| CAFE-${count} | 2.5 | 7.5 | 2.5 |`)
    expect([await onHand(coffee, center), await onHand(coffee, coast)]).toEqual(['7.5', '2.5'])
    const entry = { source_id: data.transferId, note: 'Para el puerto', created_by: `user:${userId}` }
    expect(await movements(bread)).toMatchObject([
      { ...entry, location_id: center, quantity: '-4', reason: 'transfer_out' },
      { ...entry, location_id: coast, quantity: '4', reason: 'transfer_in' },
    ])
  })

  it('moves nothing when one item is short, naming what there is', async () => {
    const { text } = await transfer([
      { product: coffee.variantId, quantity: '1' },
      { product: `PAN-${count}`, quantity: '3' },
    ])
    expect(text).toMatch(
      new RegExp(
        `^conflict: Not enough stock at fromLocationId, on hand of what is asked: "PAN-${count}" 0 of 3\\. Nothing was moved`,
      ),
    )
    expect([await onHand(coffee, center), await onHand(coffee, coast)]).toEqual(['10', undefined])
    expect(await onHand(bread, center)).toBeUndefined()
  })

  it.each([
    [{ quantity: '0' }, {}, 'items.0.quantity must be more than 0.'],
    [{ quantity: '-1' }, {}, 'items.0.quantity must be more than 0.'],
    [{ quantity: '1', sku: 'X' }, {}, 'Unknown argument "sku" in items.0'],
    [{ quantity: '1' }, { toLocationId: 'from' }, 'toLocationId must be another location than fromLocationId.'],
    [{ quantity: '1' }, { toLocationId: '00000000-0000-4000-8000-000000000000' }, 'toLocationId must be one of'],
    [{ quantity: '1' }, { items: [] }, 'items must NOT have fewer than 1 items'],
  ])('refuses %j %j', async (item, args, message) => {
    const given = 'toLocationId' in args && args.toLocationId === 'from' ? { toLocationId: center } : args
    const { text } = await transfer([{ product: coffee.variantId, ...item }], given)
    expect(text).toContain(`invalid_argument: ${message}`)
    expect(await onHand(coffee, center)).toBe('10')
  })

  it('refuses a product that is named twice, by SKU and by id', async () => {
    const { text } = await transfer([
      { product: `CAFE-${count}`, quantity: '1' },
      { product: coffee.variantId, quantity: '1' },
    ])
    expect(text).toContain(`invalid_argument: items name the product "${coffee.variantId}" more than once.`)
  })

  it('takes fifty items, and no more', async () => {
    const many: Product[] = []
    for (let n = 0; n < 51; n += 1) many.push(await makeProduct(service.db, shop, { sku: `M-${count}-${n}` }))
    for (const each of many) await put(each, center, '2')
    const items = many.map(({ variantId }) => ({ product: variantId, quantity: '1.5' }))
    expect((await transfer(items)).text).toContain('items must NOT have more than 50 items')
    const { data } = await transfer(items.slice(0, 50))
    expect(data.items).toHaveLength(50)
    expect(await onHand(many[49] as Product, coast)).toBe('1.5')
    expect(await onHand(many[50] as Product, coast)).toBeUndefined()
  })

  it('never deadlocks: in opposite directions, in opposite orders, at once', async () => {
    await put(coffee, coast, '10')
    await put(bread, center, '10')
    await put(bread, coast, '10')
    const items = [
      { product: coffee.variantId, quantity: '1' },
      { product: bread.variantId, quantity: '2' },
    ]
    const back = { fromLocationId: coast, toLocationId: center }
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        n % 3 === 2
          ? adjust({ product: bread.variantId, change: '1', locationId: coast })
          : transfer(n % 2 === 0 ? items : items.toReversed(), n % 3 === 0 ? {} : back),
      ),
    )
    expect(results.map(({ isError, text }) => (isError ? text : 'ok'))).toEqual(Array(12).fill('ok'))
    expect([await onHand(coffee, center), await onHand(coffee, coast)]).toEqual(['10', '10'])
    expect([await onHand(bread, center), await onHand(bread, coast)]).toEqual(['10', '14'])
  })
})

describe('lockStock', () => {
  it('returns stock, zero if it is kept elsewhere, and null if it is kept nowhere', async () => {
    const places = [
      { variantId: coffee.variantId, locationId: center },
      { variantId: coffee.variantId, locationId: coast },
      { variantId: bread.variantId, locationId: center },
      { variantId: coffee.variantId, locationId: center },
    ]
    const { database } = service.db
    const ids = await database.within({ businessId: shop.id }, 'write', async (db) => {
      const stock = await lockStock(db, shop.id, places)
      expect(places.slice(0, 3).map((place) => stock.get(stockKey(place))?.toFixed() ?? null)).toEqual([
        '10',
        '0',
        null,
      ])
      expect(await lockStock(db, shop.id, [])).toEqual(new Map())
      expect(await writeMovements(db, shop.id, [])).toEqual([])
      return writeMovements(
        db,
        shop.id,
        places.slice(0, 2).map((place) => ({
          ...place,
          quantity: '-1',
          reason: 'sale' as const,
          createdBy: 'key:1',
          createdAt: service.now,
        })),
      )
    })
    expect(new Set(ids).size).toBe(2)
    expect([await onHand(coffee, center), await onHand(coffee, coast)]).toEqual(['9', '-1'])
    // Another business sees none of it.
    await database.within({ businessId: single.id }, 'write', async (db) => {
      expect([...(await lockStock(db, single.id, places.slice(0, 1))).values()]).toEqual([null])
    })
  })
})
