import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withoutCode } from '../../support/boundary.ts'
import { compactRows } from '../../support/compact-rows.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeProduct, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

let service: Service
let shop: Shop
let other: Shop
let token: string
let coffee: Product
let bread: Product

const SOURCE = '7f1f0000-0000-4000-8000-000000000001'

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  shop = await makeShop(service.db, { locationZones: ['America/Guatemala', 'Asia/Kathmandu'] })
  other = await makeShop(service.db, { name: 'Bar Sol' })
  const userId = await makeUser(service.db, 'ana', [{ shop, role: 'manager' }])
  await service.db.asOwner(`update app_user set display_name = 'Ana Pérez' where id = $1`, [userId])
  coffee = await makeProduct(service.db, shop, { sku: 'CAFE', name: 'Café' })
  bread = await makeProduct(service.db, shop, { sku: 'PAN', name: 'Pan' })
  token = await service.tokenOf('ana')

  const [center, kathmandu] = shop.locations as [string, string]
  await move(coffee, center, '10', 'opening', '2026-03-09T18:00:00Z')
  // The last microsecond of the 10th in Guatemala, and the first of the 11th.
  await move(coffee, center, '-1.5', 'damage', '2026-03-11T05:59:59.999999Z', { by: `user:${userId}`, note: 'Mojado' })
  await move(bread, center, '5', 'purchase', '2026-03-11T06:00:00Z', { by: 'key:1' })
  await move(coffee, kathmandu, '2', 'transfer_in', '2026-03-11T06:00:00Z', { source: SOURCE })
  await move(bread, center, '1', 'count', '2026-03-11T06:00:00.000001Z')
  const foreign = await makeProduct(service.db, other, { sku: 'AJENO' })
  await service.db.asOwner(
    `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason) values ($1, $2, $3, 9, 'count')`,
    [other.id, other.locations[0], foreign.variantId],
  )
})
afterAll(() => service?.close())

function move(
  { variantId }: Product,
  locationId: string,
  quantity: string,
  reason: string,
  at: string,
  { by = null, note = null, source = null }: { by?: string | null; note?: string | null; source?: string | null } = {},
) {
  return service.db.asOwner(
    `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason, created_at, created_by, note, source_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [shop.id, locationId, variantId, quantity, reason, at, by, note, source],
  )
}

const list = async (args: Record<string, unknown> = {}) => {
  const { data, text, isError } = await call(service.app, token, 'list_inventory_movements', args)
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { ...data, movements: compactRows(data, 'movements'), text }
}
const quantities = ({ movements }: { movements: Record<string, string>[] }) => movements.map(({ quantity }) => quantity)

describe('list_inventory_movements', () => {
  it('tells the newest first, on the clock of its location', async () => {
    const { movements, text } = await list()
    expect(movements.map((row: Record<string, string>) => `${row.when} ${row.quantity}`).toSorted()).toEqual([
      '2026-03-09 12:00 10',
      '2026-03-10 23:59 -1.5',
      '2026-03-11 00:00 1',
      '2026-03-11 00:00 5',
      '2026-03-11 11:45 2',
    ])
    expect(quantities({ movements }).at(0)).toBe('1')
    expect(quantities({ movements }).slice(3)).toEqual(['-1.5', '10'])
    expect(withoutCode(movements[3])).toEqual({
      when: '2026-03-10 23:59',
      SKU: 'CAFE',
      product: 'Café',
      location: 'Location 1',
      quantity: '-1.5',
      reason: 'damage',
      by: 'Ana Pérez',
      note: '<untrusted>Mojado</untrusted>',
    })
    expect(withoutCode(text)).toContain(
      '|2026-03-10 23:59|CAFE|Café|Location 1|-1.5|damage|Ana Pérez|<untrusted>Mojado</untrusted>',
    )
  })

  it('tells how many match, and what came in and went out of one product', async () => {
    const { matching, unitsIn, unitsOut, text } = await list({ product: 'CAFE', limit: 1 })
    // 10 and 2 in, 1.5 out.
    expect({ matching, unitsIn, unitsOut }).toEqual({ matching: 3, unitsIn: '12', unitsOut: '1.5' })
    expect(text).toMatch(/^Only 1 of 3 stock movements is shown/)
    expect(text).toContain('All that match: 12 units in, 1.5 units out.')
  })

  it('filters by product, location, reason and local days', async () => {
    expect(quantities(await list({ product: 'CAFE' }))).toEqual(['2', '-1.5', '10'])
    expect(quantities(await list({ product: bread.variantId }))).toEqual(['1', '5'])
    expect(quantities(await list({ locationId: shop.locations[1] }))).toEqual(['2'])
    const purchases = await list({ reason: 'purchase' })
    expect(purchases.movements).toMatchObject([{ quantity: '5', by: 'API key' }])
    expect(quantities(await list({ from: '2026-03-10', to: '2026-03-10' }))).toEqual(['-1.5'])
    expect(quantities(await list({ from: '2026-03-11', to: '2026-03-11', product: 'PAN' }))).toEqual(['1', '5'])
    const none = await list({ from: '2026-03-10', to: '2026-03-10', reason: 'count' })
    expect(none).toMatchObject({ movements: [], hasMore: false })
    expect(none.text).toContain('No stock movements match.')
  })

  it('goes through all pages without gaps, also within one instant', async () => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const { movements, nextCursor, hasMore } = await list({ limit: 1, ...(cursor === undefined ? {} : { cursor }) })
      seen.push(...movements.map((row: Record<string, string>) => `${row.when} ${row.quantity}`))
      expect(hasMore).toBe(nextCursor !== undefined)
      cursor = nextCursor
    } while (cursor !== undefined)
    const all = await list()
    expect(seen).toEqual(all.movements.map((row: Record<string, string>) => `${row.when} ${row.quantity}`))
    expect(seen).toHaveLength(5)
  })

  it.each([
    [{ product: 'AJENO' }, 'not_found: product: no product of this business has the SKU, id or name "AJENO"'],
    [{ locationId: 'nowhere' }, 'invalid_argument: locationId must be one of this business'],
    [{ reason: 'theft' }, 'invalid_argument: reason must be one of: opening, purchase, sale'],
    [{ cursor: 'bm90IG9uZQ' }, 'invalid_argument: cursor is not one that this tool gave'],
    [{ sku: 'CAFE' }, 'invalid_argument: Unknown argument "sku"'],
    [{ to: '2026-03-11' }, 'invalid_argument: from is required with to.'],
  ])('refuses %j', async (args, message) => {
    const { text, isError } = await call(service.app, token, 'list_inventory_movements', args)
    expect(isError).toBe(true)
    expect(text).toContain(message)
  })
})
