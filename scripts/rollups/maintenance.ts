/** The functions behind `npm run rollups`: they rebuild the sums of a business, or compare them with its raw rows. */
import { cells, cut, fill, ROLLUPS, type Rollup, zeros } from './cells.ts'
import { customerCells, keepCustomers } from './customers.ts'
import { ALL_CUSTOMERS, ALL_FACTS, ALL_ITEMS, ALL_REFUND_LINES, KINDS } from './facts.ts'
import { layout, list, nested, union } from './layout.ts'
import { ORDER_TOTALS, REFUND_TOTALS, rebuildTotals, wrongTotals } from './totals.ts'

// Both run with the owner's rights, so they must repeat the check of row-level security themselves.
const ONLY_ITS_OWN = layout`
  if target is distinct from app_business_id() then
    raise exception 'set app.business_id to the business whose sums are meant';
  end if;`

export function rebuildFunction(): string {
  const statements = [
    ONLY_ITS_OWN,
    'perform pg_advisory_xact_lock(hashtextextended(target::text, 0));',
    rebuildTotals(ORDER_TOTALS, ALL_ITEMS),
    rebuildTotals(REFUND_TOTALS, ALL_REFUND_LINES),
    [...Object.keys(ROLLUPS), 'customer_sales']
      .map((table) => `delete from ${table} where business_id = target;`)
      .join('\n'),
    ...KINDS.map((kind) => fill(kind, ALL_FACTS[kind])),
    keepCustomers(ALL_CUSTOMERS),
  ]
  return layout`
    create or replace function rebuild_rollups(target uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    begin
      ${statements.join('\n\n')}
    end
    $$;`
}

/** Finds where the cells of a rollup differ from the raw rows. */
function differences(table: string, rollup: Rollup): string {
  const { of, time, key, measures, amount } = rollup
  const cell = key.join(', ')
  // Not a join, because a part of a key may be null. Negating is cheaper than to multiply by a sign.
  return layout`
    select
      '${table}', location_id, basis, ${time},
      sum(${amount}) filter (where sign = 1),
      -sum(${amount}) filter (where sign = -1)
    from (
      select
        1 as sign, ${cell},
        ${list(measures)}
      from ${table}
      where business_id = target
      union all
      select
        -1, ${cell},
        ${list(measures.map((m) => `-${m}`))}
      from ${nested(cells(rollup, `all_${of}`))} cells
    ) signed
    group by ${cell}
    having ${nested(list(measures.map((m) => `sum(${m})`)))}
      is distinct from (${zeros(measures)})`
}

const CUSTOMER_DIFFERENCES = layout`
  select 'customer_sales', null, null, null, kept.net_sales, raw.net_sales
  from (
    select * from customer_sales
    where business_id = target and (orders, net_sales, first_at, last_at) is distinct from (0, 0, null, null)
  ) kept
  full join ${nested(customerCells(ALL_CUSTOMERS))} raw using (business_id, customer_id)
  where (kept.orders, kept.net_sales, kept.first_at, kept.last_at)
    is distinct from (raw.orders, raw.net_sales, raw.first_at, raw.last_at)`

const ORDER_DIFFERENCES = layout`
  select 'orders', o.location_id, null, null, o.net_sales, w.gross_sales - w.discounts - w.returns
  from ${nested(wrongTotals(ORDER_TOTALS, ALL_ITEMS))} w
  join orders o on o.business_id = target and o.id = w.id`

const REFUND_DIFFERENCES = layout`
  select 'order_refund', r.location_id, null, null, -r.returns, -w.returns
  from ${nested(wrongTotals(REFUND_TOTALS, ALL_REFUND_LINES))} w
  join order_refund r on r.business_id = target and r.id = w.id`

/** Returns where a rollup, or the totals of an order or refund, differ from the raw rows; no rows if all is well. */
export function checkFunction(): string {
  const facts = KINDS.map((kind) => `all_${kind} as materialized ${nested(cut(kind, ALL_FACTS[kind], 'inBulk'))}`)
  const all = union(
    ...Object.entries(ROLLUPS).map(([table, rollup]) => differences(table, rollup)),
    CUSTOMER_DIFFERENCES,
    ORDER_DIFFERENCES,
    REFUND_DIFFERENCES,
  )
  return layout`
    create or replace function check_rollups(target uuid)
    returns table (rollup text, location_id uuid, basis text, day date, kept numeric, raw numeric)
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$
    #variable_conflict use_column
    begin
      ${ONLY_ITS_OWN}

      return query
      with ${facts.join(',\n')}
      ${all};
    end
    $$;`
}
