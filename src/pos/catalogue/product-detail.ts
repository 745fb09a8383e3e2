import { type Expression, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import type { Days } from '../../time/window.ts'
import { isUuid } from '../../uuid.ts'
import { productCells } from '../reports/sales.ts'

const MAX_NAMED = 10

/** What a reference can be: the id of a variant or product, a SKU, or a barcode, the first that there is. */
function matchesOf(db: Transaction, businessId: string, reference: string) {
  const variants = db
    .selectFrom('product_variant as v')
    .innerJoin('product as p', (join) =>
      join.onRef('p.business_id', '=', 'v.business_id').onRef('p.id', '=', 'v.product_id'),
    )
    .where('v.business_id', '=', businessId)
  const products = db.selectFrom('product as p').where('p.business_id', '=', businessId)
  return {
    bySku: variants.where('v.sku', '=', reference),
    ...(isUuid(reference)
      ? { byId: variants.where('v.id', '=', reference), whole: products.where('p.id', '=', reference) }
      : {}),
    byBarcode: variants.where('v.barcode', '=', reference).orderBy('p.name').orderBy('v.id'),
  }
}

/**
 * The product that a reference means, and the variant unless it means a whole product. These are expressions, for
 * queries that leave together. PostgreSQL tries the next candidate only if the one before is null.
 */
function meaningOf(db: Transaction, businessId: string, reference: string) {
  const { bySku, byId, whole, byBarcode } = matchesOf(db, businessId, reference)
  const { coalesce } = db.fn
  const holder = byBarcode.limit(1)
  const nothing = sql<string | null>`null::uuid`
  return {
    productId: coalesce(
      byId?.select('v.product_id').$asScalar() ?? nothing,
      whole?.select('p.id').$asScalar() ?? nothing,
      bySku.select('v.product_id').$asScalar(),
      holder.select('v.product_id').$asScalar(),
    ),
    variantId: coalesce(
      byId?.select('v.id').$asScalar() ?? nothing,
      bySku.select('v.id').$asScalar(),
      holder.select('v.id').$asScalar(),
    ),
  }
}

/** The variants that share the barcode of a reference, if it means nothing else. */
function holdersOf(db: Transaction, businessId: string, reference: string) {
  const { bySku, byId, whole, byBarcode } = matchesOf(db, businessId, reference)
  return byBarcode
    .select(['v.sku', 'p.name'])
    .where(({ and, exists, not }) =>
      and([
        not(exists(bySku.select('v.id'))),
        ...(byId === undefined ? [] : [not(exists(byId.select('v.id')))]),
        ...(whole === undefined ? [] : [not(exists(whole.select('p.id')))]),
      ]),
    )
    .limit(MAX_NAMED)
    .execute()
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
 * @param reference id of a variant or of the product, SKU, or barcode
 * @throws ServiceError `not_found`; `invalid_argument` naming the products that share a barcode
 */
export async function findProductDetail(
  db: Transaction,
  businessId: string,
  reference: string,
  days: Days,
  limits: { variants: number; locations: number },
) {
  const { productId, variantId } = meaningOf(db, businessId, reference)
  const cells = productCells({ businessId }, days)
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
  const [product, listed, sold, holders] = await Promise.all([
    findProduct(db, businessId, productId),
    variants.execute(db),
    sales.execute(db),
    holdersOf(db, businessId, reference),
  ])
  if (product === undefined) {
    throw new ServiceError('not_found', 'product: nothing in this business has that id, SKU or barcode.', {
      hint: 'Find it with get_products.',
    })
  }
  if (holders.length > 1) {
    const names = holders.map((holder) => `${clean(holder.name, 60)} (SKU ${clean(holder.sku, 60)})`)
    throw new ServiceError('invalid_argument', `product: that barcode is on several products: ${names.join('; ')}.`, {
      hint: 'Pass the SKU of one.',
    })
  }
  return { product, variants: listed.rows, sales: sold.rows[0] as SalesRow }
}
