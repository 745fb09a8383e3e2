import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import type { Days } from '../../time/window.ts'
import { isUuid } from '../../uuid.ts'
import { productCells } from '../reports/sales.ts'

const MAX_NAMED = 10

/** A product, and the variant that a reference meant, if it meant one. */
export interface ProductMatch {
  product_id: string
  variant_id: string | null
}

/**
 * The product of a SKU, a variant's or product's id, or a barcode, looked for in this order.
 * @throws ServiceError `not_found`; `invalid_argument` naming the products that share a barcode
 */
export async function productOf(db: Transaction, businessId: string, reference: string): Promise<ProductMatch> {
  const variant = sql`select v.product_id, v.id as variant_id, v.sku, p.name
    from product_variant v join product p on p.business_id = v.business_id and p.id = v.product_id
    where v.business_id = ${businessId}`
  const searches = [
    sql<Match>`${variant} and v.sku = ${reference}`,
    ...(isUuid(reference)
      ? [
          sql<Match>`${variant} and v.id = ${reference}`,
          sql<Match>`select id as product_id, null as variant_id, '' as sku, name from product
            where business_id = ${businessId} and id = ${reference}`,
        ]
      : []),
    sql<Match>`${variant} and v.barcode = ${reference} order by p.name, v.id limit ${MAX_NAMED}`,
  ]
  for (const search of searches) {
    const { rows } = await search.execute(db)
    const [first, ...others] = rows
    if (first === undefined) continue
    if (others.length === 0) return first
    const names = rows.map(({ name, sku }) => `${clean(name, 60)} (SKU ${clean(sku, 60)})`)
    throw new ServiceError('invalid_argument', `product: that barcode is on several products: ${names.join('; ')}.`, {
      hint: 'Pass the SKU of one.',
    })
  }
  throw new ServiceError('not_found', 'product: nothing in this business has that id, SKU or barcode.', {
    hint: 'Find it with get_products.',
  })
}

interface Match extends ProductMatch {
  sku: string
  name: string
}

export interface ProductDetailRow {
  id: string
  name: string
  description: string | null
  category_id: string | null
  category: string | null
  supplier_id: string | null
  supplier: string | null
  /** In percent: the product's own, else the business's. */
  tax_rate_percent: string
  has_own_tax_rate: boolean
  prices_include_tax: boolean
  is_active: boolean
  updated_at: Date
}

export interface VariantDetailRow {
  id: string
  sku: string
  label: string | null
  barcode: string | null
  price: string
  cost: string | null
  is_active: boolean
  /** The last change of the variant or of its product. */
  updated_at: Date
  /** Over all locations; null where none is kept. */
  on_hand: string | null
  units_sold: string
  net_sales: string
  /** By location name; one more than the limit tells that there are more. */
  stock: { location_id: string; location: string; on_hand: string; reorder_point: string | null }[]
}

export interface ProductDetail {
  product: ProductDetailRow
  /** The one that was meant first, the others by SKU; one more than the limit tells that there are more. */
  variants: VariantDetailRow[]
  sales: { units_sold: string; net_sales: string; last_sold_on: string | null }
}

/** One product with its variants, their stock, and its sales on some local days of the business. */
export async function findProductDetail(
  db: Transaction,
  businessId: string,
  { product_id, variant_id }: ProductMatch,
  days: Days,
  limits: { variants: number; locations: number },
): Promise<ProductDetail> {
  const found = await sql<ProductDetailRow>`
    select p.id, p.name, p.description, c.id as category_id, c.name as category, s.id as supplier_id,
      s.name as supplier, (coalesce(p.tax_rate, b.tax_rate) * 100)::text as tax_rate_percent,
      p.tax_rate is not null as has_own_tax_rate, b.prices_include_tax, p.is_active, p.updated_at
    from product p
    join business b on b.id = p.business_id
    left join category c on c.business_id = p.business_id and c.id = p.category_id
    left join supplier s on s.business_id = p.business_id and s.id = p.supplier_id
    where p.business_id = ${businessId} and p.id = ${product_id}`.execute(db)
  const cells = productCells({ businessId }, days)
  const variants = await sql<VariantDetailRow>`
    with listed as (
      select v.* from product_variant v
      where v.business_id = ${businessId} and v.product_id = ${product_id}
      order by v.id = ${variant_id}::uuid desc nulls last, v.sku limit ${limits.variants + 1}
    )
    select v.id, v.sku, v.label, v.barcode, v.price::text, v.cost::text, v.is_active,
      greatest(v.updated_at, p.updated_at) as updated_at, i.on_hand::text, i.stock,
      coalesce(r.units_sold, 0)::text as units_sold, coalesce(r.net_sales, 0)::text as net_sales
    from listed v
    join product p on p.business_id = ${businessId} and p.id = v.product_id
    left join (
      select variant_id, sum(units_sold) as units_sold, sum(net_sales) as net_sales
      from ${cells} c where product_id = ${product_id} group by variant_id
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
    order by v.id = ${variant_id}::uuid desc nulls last, v.sku`.execute(db)
  const sales = await sql<ProductDetail['sales']>`
    select coalesce(sum(units_sold), 0)::text as units_sold, coalesce(sum(net_sales), 0)::text as net_sales,
      (select max(day)::text from product_daily
        where business_id = ${businessId} and basis = 'business' and product_id = ${product_id} and units_sold > 0
      ) as last_sold_on
    from ${cells} c where product_id = ${product_id}`.execute(db)
  return {
    product: found.rows[0] as ProductDetailRow,
    variants: variants.rows,
    sales: sales.rows[0] as ProductDetail['sales'],
  }
}
