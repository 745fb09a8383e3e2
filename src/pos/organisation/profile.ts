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
  /** First local day with sales; null without any. */
  firstSaleOn: string | null
  locations: { id: string; name: string; timezone: string; is_active: boolean }[]
  hasMoreLocations: boolean
}

/** What a business is, in numbers. */
export async function findProfile(db: Transaction, businessId: string): Promise<Profile> {
  const { rows } = await sql<{
    tax_percent: string
    prices_include_tax: boolean
    products: number
    categories: number
    clients: number
    first_sale_on: string | null
  }>`
    select (b.tax_rate * 100)::text as tax_percent, b.prices_include_tax,
      (select count(*)::integer from product p where p.business_id = b.id and p.is_active) as products,
      (select count(*)::integer from category c where c.business_id = b.id and c.is_active) as categories,
      (select count(*)::integer from customer c where c.business_id = b.id and c.is_active) as clients,
      (select min(d.day)::text from sales_daily d where d.business_id = b.id and d.basis = 'business') as first_sale_on
    from business b where b.id = ${businessId}`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('a resolved business has no row')
  const locations = await db
    .selectFrom('location')
    .select(['id', 'name', 'timezone', 'is_active'])
    .where('business_id', '=', businessId)
    .orderBy('name')
    .limit(MAX_LOCATIONS + 1)
    .execute()
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
