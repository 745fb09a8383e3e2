import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { quantity } from '../../money/money.ts'

const MAX_LOCATIONS = 50

export interface Profile {
  taxRatePercent: string
  pricesIncludeTax: boolean
  products: number
  categories: number
  clients: number
  /** First local day with sales; null if there are none. */
  firstSaleOn: string | null
  locations: { id: string; name: string; timezone: string; is_active: boolean }[]
  hasMoreLocations: boolean
}

/** A business in numbers. */
export async function findProfile(db: Transaction, businessId: string): Promise<Profile> {
  const count = sql<number>`count(*)::integer`.as('count')
  const [row, locations] = await Promise.all([
    db
      .selectFrom('business as b')
      .select('b.prices_include_tax')
      .select((eb) => [
        sql<string>`${eb.ref('b.tax_rate')} * 100`.as('tax_percent'),
        eb
          .selectFrom('product as p')
          .select(count)
          .whereRef('p.business_id', '=', 'b.id')
          .where('p.is_active', '=', true)
          .$asScalar()
          .$notNull()
          .as('products'),
        eb
          .selectFrom('category as c')
          .select(count)
          .whereRef('c.business_id', '=', 'b.id')
          .where('c.is_active', '=', true)
          .$asScalar()
          .$notNull()
          .as('categories'),
        eb
          .selectFrom('customer as c')
          .select(count)
          .whereRef('c.business_id', '=', 'b.id')
          .where('c.is_active', '=', true)
          .$asScalar()
          .$notNull()
          .as('clients'),
        eb
          .selectFrom('sales_daily as d')
          .select((own) => own.fn.min('d.day').as('first'))
          .whereRef('d.business_id', '=', 'b.id')
          .where('d.basis', '=', 'business')
          .where('d.orders', '>', '0')
          .as('first_sale_on'),
      ])
      .where('b.id', '=', businessId)
      .executeTakeFirstOrThrow(),
    db
      .selectFrom('location')
      .select(['id', 'name', 'timezone', 'is_active'])
      .where('business_id', '=', businessId)
      .orderBy('name')
      .limit(MAX_LOCATIONS + 1)
      .execute(),
  ])
  return {
    taxRatePercent: quantity(row.tax_percent),
    pricesIncludeTax: row.prices_include_tax,
    products: row.products,
    categories: row.categories,
    clients: row.clients,
    firstSaleOn: row.first_sale_on,
    locations: locations.slice(0, MAX_LOCATIONS),
    hasMoreLocations: locations.length > MAX_LOCATIONS,
  }
}
