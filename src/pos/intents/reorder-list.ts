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
  const isInCategory =
    categoryId === undefined
      ? sql`true`
      : sql`o.variant_id in (
          select v.id from product_variant v join product p on p.business_id = v.business_id and p.id = v.product_id
          where v.business_id = ${businessId} and p.category_id = ${categoryId})`
  const heapKeys = sql`action_key, supplier_key, location_key`
  const keys = sql`${heapKeys}, sku_key, from_key`
  // Compares with the last line of the page before.
  const compared = (columns: RawBuilder<unknown>, operator: '>' | '>=', last: readonly string[] | undefined) =>
    last === undefined
      ? sql`true`
      : sql`row(${columns}) ${sql.raw(operator)} row(${sql.join(last.map((key) => sql`${key}::text`))})`
  const lastHeap = after?.slice(0, 3)
  const isOne = sql`(select count(*) from place where is_asked) = 1`
  const { rows } = await sql<ReorderList>`
    with ${stockNeeds(scope, now)},
    matching as not materialized (
      select * from ordered o
      where ${supplierId === undefined ? sql`true` : sql`o.supplier_id = ${supplierId}`} and ${isInCategory}
    ),
    moving as materialized (
      select o.*, t.from_id, t.quantity as count from matching o
      join transfer t on t.variant_id = o.variant_id and t.location_id = o.location_id
    ),
    -- The lines of a supplier for a location and a lead time are a heap: they follow each other, so that only heaps of which
    -- the page has some need their SKUs. The keys compare byte by byte, and no name comes after those without a supplier.
    heap as materialized (
      select supplier_id, location_id, lead_days, count(*) as stocks, count(*) filter (where quantity > 0) as lines,
        coalesce(sum(quantity * cost), 0) as cost, count(*) filter (where quantity > 0 and cost is null) as lines_without_cost
      from matching group by supplier_id, location_id, lead_days
    ),
    next as materialized (
      select * from (
        select g.*, coalesce(sum(case when ${compared(heapKeys, '>', lastHeap)} then lines else 0 end) over (
            order by ${heapKeys} groups between unbounded preceding and 1 preceding
          ), 0) as lines_before
        from (
          select h.action, h.supplier_id, h.location_id, h.lead_days, h.lines, s.name as supplier, place.name as location,
            h.action collate "C" as action_key,
            (case when h.action = '1' then '' when s.name is null then '2' else '1' || s.name end) collate "C" as supplier_key,
            (place.name || place.id || lpad(h.lead_days::text, 6, '0')) collate "C" as location_key
          from (
            select '1' as action, supplier_id, location_id, lead_days, count(*) as lines
            from moving group by supplier_id, location_id, lead_days
            union all
            select '2', supplier_id, location_id, lead_days, lines from heap where lines > 0
          ) h
          join place on place.id = h.location_id
          left join supplier s on s.business_id = ${businessId} and s.id = h.supplier_id
        ) g
        where ${compared(heapKeys, '>=', lastHeap)}
      ) g
      where lines_before < ${limit}
    ),
    page as (
      select * from (
        select next.action, next.supplier, next.location, next.action_key, next.supplier_key, next.location_key,
          line.on_hand, line.lead_days, line.pack_size, line.cost, line.count, from_place.name as "from",
          v.sku collate "C" as sku_key, coalesce(from_place.name || from_place.id, '') collate "C" as from_key,
          v.product_id, v.label
        from (
          select '1' as action, supplier_id, location_id, lead_days, variant_id, on_hand, pack_size, cost, from_id, count
          from moving
          union all
          select '2', supplier_id, location_id, lead_days, variant_id, on_hand, pack_size, cost, null, quantity
          from matching where quantity > 0
        ) line
        join next on next.action = line.action and next.supplier_id is not distinct from line.supplier_id
          and next.location_id = line.location_id and next.lead_days = line.lead_days
        left join place from_place on from_place.id = line.from_id
        join product_variant v on v.business_id = ${businessId} and v.id = line.variant_id
      ) sorted
      where ${compared(keys, '>', after)}
      order by ${keys} limit ${limit}
    )
    select
      (select json_build_object(
          'products', case when ${isOne} then coalesce(sum(stocks), 0)
            else (select count(*) from (select variant_id from matching group by 1) d) end,
          'locations', count(distinct location_id), 'stocks', coalesce(sum(stocks), 0),
          'transfers', (select count(*) from moving), 'orders', coalesce(sum(lines), 0), 'cost', coalesce(sum(cost), 0)::text,
          'lines_without_cost', coalesce(sum(lines_without_cost), 0),
          'suppliers', (
            select coalesce(json_agg(s order by s.supplier nulls last), '[]') from (
              select s.name as supplier, s.lead_time_days as lead_days, sum(h.lines) as lines, sum(h.cost)::text as cost,
                sum(h.lines_without_cost) as lines_without_cost
              from heap h left join supplier s on s.business_id = ${businessId} and s.id = h.supplier_id
              where h.lines > 0 group by h.supplier_id, s.name, s.lead_time_days
            ) s))
        from heap) as sums,
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
