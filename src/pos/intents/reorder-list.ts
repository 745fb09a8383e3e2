import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { type StockScope, stockNeeds } from './stock-needs.ts'

export interface ReorderFilter extends StockScope {
  supplierId?: string | undefined
  categoryId?: string | undefined
}

/** A line of the list: goods to move from another location, or to order from a supplier. */
export interface ReorderLine {
  action: 'transfer' | 'order'
  sku: string
  name: string
  label: string | null
  supplier: string | null
  location: string
  /** Where the goods of a transfer are. */
  from: string | null
  on_hand: string
  lead_days: number
  pack_size: string | null
  quantity: string
  cost: string | null
  /** What the list is ordered by, for the cursor. */
  keys: readonly [action: string, supplier: string, location: string, sku: string, from: string]
}

/** What is ordered from a supplier. */
export interface SupplierSum {
  /** Null for products without a supplier. */
  supplier: string | null
  /** The supplier's usual days; null if it has none. */
  lead_days: number | null
  lines: number
  cost: string
  lines_without_cost: number
}

export interface ReorderSums {
  products: number
  locations: number
  stocks: number
  transfers: number
  orders: number
  cost: string
  lines_without_cost: number
  /** By name, those without a supplier last. */
  suppliers: SupplierSum[]
}

/** The sums of the whole list, and its lines from a place on. */
export interface ReorderList {
  sums: ReorderSums
  lines: ReorderLine[]
}

/**
 * All that is to be transferred and ordered, by the rules of `stockNeeds`: transfers first, then orders by supplier,
 * location and lead time. The sums are of all lines that match, whatever the page.
 * @param limit the most lines
 * @param after the keys of the last line of the page before
 */
export async function reorderList(
  db: Transaction,
  { supplierId, categoryId, ...scope }: ReorderFilter,
  now: Date,
  { limit, after }: { limit: number; after: ReorderLine['keys'] | undefined },
): Promise<ReorderList> {
  const { businessId } = scope
  const isAsked = (column: string, id: string | undefined) =>
    id === undefined ? sql`true` : sql`${sql.ref(column)} = ${id}`
  const keys = sql`action_key, supplier_key, location_key, sku_key, from_key`
  const isAfter: RawBuilder<unknown> =
    after === undefined ? sql`true` : sql`row(${keys}) > row(${sql.join(after.map((key) => sql`${key}::text`))})`
  const { rows } = await sql<ReorderList>`
    with ${stockNeeds(scope, now)},
    matching as materialized (
      select o.*, s.name as supplier from ordered o
      left join supplier s on s.business_id = ${businessId} and s.id = o.supplier_id
      where ${isAsked('o.supplier_id', supplierId)} and ${isAsked('o.category_id', categoryId)}
    ),
    line as materialized (
      select '1' as action, o.*, t.from_id, t.quantity as count from matching o
      join transfer t on t.variant_id = o.variant_id and t.location_id = o.location_id
      union all
      select '2', o.*, null, quantity from matching o where quantity > 0
    ),
    -- The keys compare byte by byte, and no name comes after those without a supplier. Only the rows of the page get names.
    page as (
      select * from (
        select line.*, line.action collate "C" as action_key, to_place.name as location, from_place.name as "from",
          (case when line.action = '1' then '' when line.supplier is null then '2' else '1' || line.supplier end) collate "C" as supplier_key,
          (to_place.name || to_place.id || lpad(line.lead_days::text, 6, '0')) collate "C" as location_key,
          v.sku collate "C" as sku_key, coalesce(from_place.name || from_place.id, '') collate "C" as from_key, v.product_id, v.label
        from line
        join place to_place on to_place.id = line.location_id
        left join place from_place on from_place.id = line.from_id
        join product_variant v on v.business_id = ${businessId} and v.id = line.variant_id
      ) sorted
      where ${isAfter}
      order by ${keys} limit ${limit}
    )
    select
      (select json_build_object('products', count(distinct variant_id), 'locations', count(distinct location_id),
          'stocks', count(*), 'transfers', (select count(*) from line where action = '1'),
          'orders', count(*) filter (where quantity > 0), 'cost', coalesce(sum(quantity * cost), 0)::text,
          'lines_without_cost', count(*) filter (where quantity > 0 and cost is null),
          'suppliers', (
            select coalesce(json_agg(s order by s.supplier nulls last), '[]') from (
              select supplier, min(supplier_lead_days) as lead_days, count(*) as lines,
                coalesce(sum(quantity * cost), 0)::text as cost, count(*) filter (where cost is null) as lines_without_cost
              from matching where quantity > 0 group by supplier_id, supplier
            ) s))
        from matching) as sums,
      array(select to_jsonb(t) from (
        select case action when '1' then 'transfer' else 'order' end as action, sku_key as sku, p.name, label, supplier, location, "from",
          on_hand::text, lead_days, pack_size::text, count::text as quantity, cost::text, array[${keys}] as keys
        from page
        join product p on p.business_id = ${businessId} and p.id = page.product_id
        order by ${keys}) t) as lines`.execute(db)
  const [list] = rows
  if (list === undefined) throw new Error('a select without from answers one row')
  return list
}
