import { type Expression, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import type { Days } from '../../time/window.ts'
import { nameAndSku, productMeanings, theOne } from '../references.ts'
import { productCells } from '../reports/sales.ts'
import { wholeBusiness } from '../scope.ts'
import { didYouMean, productByWords } from '../suggestions.ts'

const MAX_NAMED = 10

/**
 * The product that a reference means, and the variant unless it means a whole product. These are expressions, for
 * queries that leave together.
 */
function meaningOf(businessId: string, reference: string) {
  const surest = sql`from ${productMeanings(businessId, [reference])} m order by m.tier, m.product_id, m.variant_id limit 1`
  return {
    productId: sql<string | null>`(select m.product_id ${surest})`,
    variantId: sql<string | null>`(select m.variant_id ${surest})`,
  }
}

/** What else a reference means as surely: one row of it alone if it means one thing. */
async function alikeOf(db: Transaction, businessId: string, reference: string) {
  const { rows } = await sql<{ id: string; tier: number; name: string; label: string | null; sku: string }>`
    select coalesce(m.variant_id, m.product_id) as id, m.tier, p.name, v.label, v.sku
    from (
      select distinct on (m.product_id, m.variant_id) m.*, rank() over (order by m.tier) as place
      from ${productMeanings(businessId, [reference])} m
      order by m.product_id, m.variant_id, m.tier
    ) m
    join product p on p.business_id = ${businessId} and p.id = m.product_id
    cross join lateral (
      select v.label, v.sku from product_variant v
      where v.business_id = ${businessId} and v.product_id = m.product_id and (m.variant_id is null or v.id = m.variant_id)
      order by v.sku limit 1
    ) v
    where m.place = 1
    order by p.name, v.sku limit ${MAX_NAMED + 1}`.execute(db)
  return rows
}

interface VariantDetailRow {
  id: string
  sku: string
  label: string | null
  barcode: string | null
  price: string
  cost: string | null
  is_active: boolean
  /** The last change of the variant or of its product. */
  updated_at: Date
  /** Over all locations; null if no stock is kept. */
  on_hand: string | null
  units_sold: string
  net_sales: string
  /** By location name; one row beyond the limit shows that there are more. */
  stock: { location_id: string; location: string; on_hand: string; reorder_point: string | null }[]
}

interface SalesRow {
  units_sold: string
  net_sales: string
  last_sold_on: string | null
}

/** A product without its variants; the tax rate is its own or else that of the business. */
function findProduct(db: Transaction, businessId: string, productId: Expression<string | null>) {
  return db
    .selectFrom('product as p')
    .innerJoin('business as b', 'b.id', 'p.business_id')
    .leftJoin('category as c', (join) =>
      join.onRef('c.business_id', '=', 'p.business_id').onRef('c.id', '=', 'p.category_id'),
    )
    .leftJoin('supplier as s', (join) =>
      join.onRef('s.business_id', '=', 'p.business_id').onRef('s.id', '=', 'p.supplier_id'),
    )
    .select(['p.id', 'p.name', 'p.description', 'p.is_active', 'p.updated_at', 'b.prices_include_tax'])
    .select(['c.id as category_id', 'c.name as category', 's.id as supplier_id', 's.name as supplier'])
    .select((eb) => [
      sql<string>`${eb.fn.coalesce('p.tax_rate', 'b.tax_rate')} * 100`.as('tax_rate_percent'),
      eb('p.tax_rate', 'is not', null).$castTo<boolean>().as('has_own_tax_rate'),
    ])
    .where('p.business_id', '=', businessId)
    .where('p.id', '=', productId)
    .executeTakeFirst()
}

/**
 * One product with its variants, their stock, and its sales on some local days of the business. The variant of the
 * reference comes first, the others by SKU; one variant beyond the limit shows that there are more.
 * @param reference id of a variant or of the product, SKU, barcode, or name
 * @throws ServiceError `not_found`; `invalid_argument` naming the products that share a barcode or name
 */
export async function findProductDetail(
  db: Transaction,
  businessId: string,
  reference: string,
  days: Days,
  limits: { variants: number; locations: number },
): Promise<{
  product: NonNullable<Awaited<ReturnType<typeof findProduct>>>
  variants: VariantDetailRow[]
  sales: SalesRow
}> {
  const { productId, variantId } = meaningOf(businessId, reference)
  const cells = productCells(wholeBusiness(businessId), days)
  const variants = sql<VariantDetailRow>`
    with listed as (
      select v.* from product_variant v
      where v.business_id = ${businessId} and v.product_id = ${productId}
      order by v.id = ${variantId} desc nulls last, v.sku limit ${limits.variants + 1}
    )
    select v.id, v.sku, v.label, v.barcode, v.price::text, v.cost::text, v.is_active,
      greatest(v.updated_at, p.updated_at) as updated_at, i.on_hand::text, i.stock,
      coalesce(r.units_sold, 0)::text as units_sold, coalesce(r.net_sales, 0)::text as net_sales
    from listed v
    join product p on p.business_id = ${businessId} and p.id = v.product_id
    left join (
      select variant_id, sum(units_sold) as units_sold, sum(net_sales) as net_sales
      from ${cells} c where product_id = ${productId} group by variant_id
    ) r on r.variant_id = v.id
    cross join lateral (
      select sum(on_hand) as on_hand, coalesce(json_agg(json_build_object('location_id', location_id,
          'location', location, 'on_hand', on_hand::text, 'reorder_point', reorder_point::text) order by place)
        filter (where place <= ${limits.locations + 1}), '[]') as stock
      from (
        select i.location_id, l.name as location, i.on_hand, i.reorder_point,
          row_number() over (order by l.name, l.id) as place
        from inventory i join location l on l.business_id = i.business_id and l.id = i.location_id
        where i.business_id = ${businessId} and i.variant_id = v.id
      ) kept
    ) i
    order by v.id = ${variantId} desc nulls last, v.sku`
  const sales = sql<SalesRow>`
    select coalesce(sum(units_sold), 0)::text as units_sold, coalesce(sum(net_sales), 0)::text as net_sales,
      (select max(day)::text from product_daily
        where business_id = ${businessId} and basis = 'business' and product_id = ${productId} and units_sold > 0
      ) as last_sold_on
    from ${cells} c where product_id = ${productId}`
  const [product, listed, sold, alike] = await Promise.all([
    findProduct(db, businessId, productId),
    variants.execute(db),
    sales.execute(db),
    alikeOf(db, businessId, reference),
  ])
  theOne(alike, { argument: 'product', reference, describe: nameAndSku })
  if (product === undefined) {
    const { only, near } = await productByWords(db, businessId, reference)
    if (only !== undefined) return findProductDetail(db, businessId, only.variantId, days, limits)
    throw new ServiceError(
      'not_found',
      `product: nothing in this business has that id, SKU, barcode or name.${didYouMean(near.map(nameAndSku))}`,
      { hint: 'Find it with get_products.' },
    )
  }
  return { product, variants: listed.rows, sales: sold.rows[0] as SalesRow }
}
