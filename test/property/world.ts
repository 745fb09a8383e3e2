import { randomUUID } from 'node:crypto'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { type RawBuilder, sql } from 'kysely'
import { Temporal } from 'temporal-polyfill'
import { generateApiKey } from '../../src/auth/api-key.ts'
import { makeClient } from '../support/clients.ts'
import { call, type Service } from '../support/service.ts'
import { makeProduct, makeShop, type Product, type Shop } from '../support/shop.ts'

/**
 * Zones, with the dates around which a shop there trades: a clock change in each direction, if there is one. Havana has
 * a day without a midnight and one with two, Cairo one without and one whose clock goes back into the evening before,
 * Lord Howe changes by half an hour.
 */
const ZONES = {
  'America/Guatemala': ['2026-03-29', '2026-11-01'],
  'America/New_York': ['2026-03-08', '2026-11-01'],
  'Europe/Madrid': ['2026-03-29', '2026-10-25'],
  'Asia/Kolkata': ['2026-03-08', '2026-10-25'],
  'Australia/Lord_Howe': ['2026-04-05', '2026-10-04'],
  'America/Havana': ['2026-03-08', '2026-11-01'],
  'Africa/Cairo': ['2026-04-24', '2026-10-29'],
} as const
export type Zone = keyof typeof ZONES
export const anyZone = fc.constantFrom(...(Object.keys(ZONES) as Zone[]))

/** The product with its own tax rate. */
const OWN_RATE = { product: 2, rate: '0.0825' }

/** How many days a shop trades before and after the clock change. */
const DAYS = 9

export interface ShopPlan {
  zone: Zone
  /** Which of the dates of its zone. */
  season: number
  /** Zones of further locations. */
  branches: Zone[]
  currency: 'GTQ' | 'JPY'
  pricesIncludeTax: boolean
  taxRate: string
}

const anyTaxRate = fc.constantFrom('0', '0.12', '0.21', '0.0825')
export const anyShop: fc.Arbitrary<ShopPlan> = fc.record({
  zone: anyZone,
  season: fc.nat({ max: 1 }),
  branches: fc.array(anyZone, { minLength: 1, maxLength: 2 }),
  currency: fc.constantFrom('GTQ', 'JPY'),
  pricesIncludeTax: fc.boolean(),
  taxRate: anyTaxRate,
})

/** An instant in the local time of a shop, often near the edge of a day. */
export interface Moment {
  day: number
  near: 'any time' | 'midnight' | 'clock change'
  /** Whose local time: the business's, or one of its locations'. */
  clock: number
  /** Offset within the day, or around midnight or the change. */
  milliseconds: number
}
const HOUR = 3_600_000
const anyDay = fc.nat({ max: 2 * DAYS })
const anyClock = fc.nat({ max: 3 })
export const anyMoment: fc.Arbitrary<Moment> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      day: anyDay,
      near: fc.constant('any time' as const),
      clock: anyClock,
      milliseconds: fc.nat({ max: 24 * HOUR }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      day: anyDay,
      near: fc.constant('midnight' as const),
      clock: anyClock,
      milliseconds: fc.constantFrom(0, -1, 1, -1000, 1000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      // Also a week later, because a running day is compared with the same hours of a week ago.
      day: fc.constantFrom(DAYS, DAYS + 7),
      near: fc.constant('clock change' as const),
      clock: anyClock,
      milliseconds: fc.oneof(fc.constantFrom(0, -1), fc.integer({ min: -2 * HOUR, max: 2 * HOUR })),
    }),
  },
)

/** A shop with its goods, clients and clock, on which commands run. */
export class World {
  readonly service: Service
  readonly shop: Shop
  readonly plan: ShopPlan
  readonly products: Product[]
  readonly clients: string[]
  /** Orders as they were made. */
  readonly orders: string[] = []
  readonly digits: number
  private readonly key: { rawKey: string; id: string }

  private constructor(parts: Pick<World, 'service' | 'shop' | 'plan' | 'products' | 'clients'>, key: World['key']) {
    this.service = parts.service
    this.shop = parts.shop
    this.plan = parts.plan
    this.products = parts.products
    this.clients = parts.clients
    this.digits = digitsOf(parts.plan)
    this.key = key
  }

  static async open(service: Service, plan: ShopPlan): Promise<World> {
    const { db } = service
    const { zone, branches, currency, pricesIncludeTax, taxRate } = plan
    const locationZones = [zone, ...branches]
    const shop = await makeShop(db, { timezone: zone, currency, locationZones, pricesIncludeTax, taxRate })
    await db.asOwner('update business set currency_digits = $2 where id = $1', [shop.id, digitsOf(plan)])
    const products: Product[] = []
    for (const [index, options] of [
      { price: '11.20', category: 'Bakery' },
      { price: '0.0350', category: 'Bakery' },
      { price: '249.99', category: 'Drinks' },
      { price: '7' },
    ].entries()) {
      products.push(await makeProduct(db, shop, { sku: `SKU-${index}`, ...options }))
    }
    // One product with stock for all sales, one that runs out, and two without stock; one has its own tax rate.
    const [first, second, third] = products as [Product, Product, Product]
    for (const locationId of shop.locations) {
      for (const [{ variantId }, quantity] of [
        [first, '1000'],
        [second, '25.5'],
      ] as const) {
        await db.asOwner(
          `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
           values ($1, $2, $3, $4, 'opening')`,
          [shop.id, locationId, variantId, quantity],
        )
      }
    }
    const own = products[OWN_RATE.product] as Product
    await db.asOwner('update product set tax_rate = $2 where id = $1', [own.productId, OWN_RATE.rate])
    await db.asOwner(`insert into supplier (business_id, name) values ($1, 'Norte'), ($1, 'Sur')`, [shop.id])
    for (const [supplier, supplied] of [
      ['Norte', [first, third]],
      ['Sur', [second]],
    ] as const) {
      await db.asOwner(
        'update product set supplier_id = (select id from supplier where business_id = $1 and name = $2) where id = any($3)',
        [shop.id, supplier, supplied.map(({ productId }) => productId)],
      )
    }
    await db.asOwner('update product_variant set cost = 4.1666 where id = any($1)', [
      [first.variantId, third.variantId],
    ])
    await db.asOwner(`insert into employee (business_id, number, name) values ($1, 'E-0', 'Eva'), ($1, 'E-1', 'Ben')`, [
      shop.id,
    ])
    const clients = [
      await makeClient(db, shop, { code: 'C-0', city: 'Antigua' }),
      await makeClient(db, shop, { code: 'C-1' }),
    ]
    const key = { ...generateApiKey(), id: randomUUID() }
    await db.asOwner(
      `insert into mcp_api_key (business_id, id, role, scopes, label, key_hash)
       values ($1, $2, 'tenant_developer', '{pos:read,pos:write,reports:read,pos:intents}', 'property test', $3)`,
      [shop.id, key.id, key.hash],
    )
    return new World({ service, shop, plan, products, clients }, key)
  }

  /** The day of the clock change, and first and last day of trading, in the business's original time zone. */
  get season(): { change: string; from: string; to: string } {
    const change = ZONES[this.plan.zone][this.plan.season] as string
    const day = (days: number) => Temporal.PlainDate.from(change).add({ days }).toString()
    // Two more days, because local days elsewhere differ by up to one day, and zones change.
    return { change, from: day(-DAYS - 2), to: day(DAYS + 2) }
  }

  instant({ day, near, clock, milliseconds }: Moment): Date {
    const zones = [this.plan.zone, this.plan.zone, ...this.plan.branches]
    const zone = zones[clock % zones.length] as Zone
    const date = Temporal.PlainDate.from(this.season.change)
    const days = day - DAYS
    // The first instant of the day is not always midnight.
    const start = date.add({ days }).toZonedDateTime(zone)
    const before = date.subtract({ days: 1 }).toZonedDateTime(zone)
    const change = near === 'clock change' ? before.getTimeZoneTransition('next') : null
    // Other zones change on other dates, or never.
    const isNear = change !== null && change.since(before).total('hours') < 72
    return new Date((isNear ? change.add({ days }) : start).epochMilliseconds + milliseconds)
  }

  location(index: number): string {
    return this.shop.locations[index % this.shop.locations.length] as string
  }

  product(index: number): Product {
    return this.products[index % this.products.length] as Product
  }

  client(index: number): string {
    return this.clients[index % this.clients.length] as string
  }

  /** One of the orders so far, if there are any. */
  order(index: number): string | undefined {
    return this.orders[index % this.orders.length]
  }

  /** An amount of so many minor units. */
  minor(units: number): string {
    return new Decimal(units).div(10 ** this.digits).toFixed(this.digits)
  }

  /** The tax on an amount paid for a product, inside it or on top, rounded half up. */
  taxOf(product: number, paid: Decimal): Decimal {
    const rate = new Decimal(product === OWN_RATE.product ? OWN_RATE.rate : this.plan.taxRate)
    const tax = paid.times(rate).div(this.plan.pricesIncludeTax ? rate.plus(1) : 1)
    return tax.toDecimalPlaces(this.digits, Decimal.ROUND_HALF_UP)
  }

  /** A part of an amount, rounded down to the minor unit. */
  partOf(amount: Decimal.Value, percent: number): string {
    return new Decimal(amount).times(percent).div(100).toDecimalPlaces(this.digits, Decimal.ROUND_DOWN).toFixed()
  }

  /** Calls a tool at an instant. */
  async call(tool: string, args: Record<string, unknown>, at?: Date) {
    if (at !== undefined) this.service.now = at
    return call(this.service.app, this.key.rawKey, tool, args)
  }

  /** The data of a call that succeeds. */
  // biome-ignore lint/suspicious/noExplicitAny: results are checked by the assertions on them
  async ok(tool: string, args: Record<string, unknown>, at?: Date): Promise<any> {
    const { data, isError, text, body } = await this.call(tool, args, at)
    if (isError || data === undefined)
      throw new Error(`${tool} ${JSON.stringify(args)}: ${text ?? JSON.stringify(body)}`)
    return data
  }

  /** Calls a tool that writes; null if the state of the shop does not allow it, such as for lack of stock. */
  async attempt(tool: string, args: Record<string, unknown>, at: Date): Promise<Record<string, unknown> | null> {
    const { data, isError, text } = await this.call(tool, args, at)
    if (!isError && data !== undefined) return data
    if (text?.startsWith('conflict: ')) return null
    throw new Error(`${tool} ${JSON.stringify(args)}: ${text}`)
  }

  /** Runs a statement as another part of the product would. */
  async write(statement: RawBuilder<unknown>): Promise<void> {
    await this.service.db.till.within({ businessId: this.shop.id }, 'write', (db) => statement.execute(db))
  }

  /** The same, but writes nothing if a constraint of the schema forbids it. */
  async tryToWrite(statement: RawBuilder<unknown>): Promise<void> {
    try {
      await this.write(statement)
    } catch (error) {
      if (!CONSTRAINTS.has(String((error as { code?: unknown }).code))) throw error
    }
  }

  /** Moves the business or a location to another zone, and clears what is cached about the business. */
  async changeZone(locationIndex: number | null, zone: Zone): Promise<void> {
    const [table, id] = locationIndex === null ? ['business', this.shop.id] : ['location', this.location(locationIndex)]
    await this.service.db.asOwner(
      `update ${table} set timezone = $3 from set_config('app.business_id', $1, true) where id = $2::uuid`,
      [this.shop.id, id, zone],
    )
    this.service.app.principals.forget(this.key.id)
  }

  /** Differences between rollups or totals and the raw rows, according to the database. */
  async differences(): Promise<unknown[]> {
    const { db } = this.service
    const result = await db.till.within({ businessId: this.shop.id }, 'read', (trx) =>
      sql`select * from check_rollups(${this.shop.id})`.execute(trx),
    )
    return result.rows
  }
}

// Foreign key, and check constraint: an order with refunds stays completed, and keeps its refunded lines.
const CONSTRAINTS = new Set(['23503', '23514'])

function digitsOf({ currency }: ShopPlan): number {
  return currency === 'JPY' ? 0 : 2
}
