/** Totals of an order and of a refund: the sums of their lines. */
import { layout, list, nested } from './layout.ts'

/** A table whose rows have totals of their lines; the lines refer to it by `key`. */
interface Totals {
  table: string
  key: string
  sums: Record<string, string>
}

export const ORDER_TOTALS: Totals = {
  table: 'orders',
  key: 'order_id',
  sums: {
    gross_sales: 'case when quantity > 0 then gross_sales else 0 end',
    discounts: 'case when quantity > 0 then discount else 0 end',
    returns: 'case when quantity < 0 then discount - gross_sales else 0 end',
    tax: 'tax',
    cost: 'round(quantity * coalesce(unit_cost, 0), 4)',
    costed_net_sales: 'case when unit_cost is null then 0 else gross_sales - discount end',
    units_sold: 'greatest(quantity, 0)',
    units_returned: 'greatest(-quantity, 0)',
    sale_lines: 'case when quantity > 0 then 1 else 0 end',
    return_lines: 'case when quantity < 0 then 1 else 0 end',
  },
}

export const REFUND_TOTALS: Totals = {
  table: 'order_refund',
  key: 'refund_id',
  sums: {
    returns: 'returns',
    tax: 'tax',
    cost: 'case when restocked then round(quantity * coalesce(unit_cost, 0), 4) else 0 end',
    costed_net_sales: 'case when unit_cost is null then 0 else returns end',
    units_returned: 'quantity',
  },
}

const sumsOf = ({ sums }: Totals) =>
  list(Object.entries(sums).map(([name, value]) => `sum(sign * ${value}) as ${name}`))
const each = ({ sums }: Totals, what: (name: string) => string) => list(Object.keys(sums).map(what))

/** Adds lines to the totals, before the product rollup reads the order. This also locks the order's row. */
export const addTotals = (totals: Totals, lines: string) => layout`
  update ${totals.table} t
  set
    ${each(totals, (name) => `${name} = t.${name} + d.${name}`)}
  from (
    select
      business_id, ${totals.key},
      ${sumsOf(totals)}
    from ${nested(lines)} n
    group by business_id, ${totals.key}
  ) d
  where t.business_id = d.business_id and t.id = d.${totals.key};`

/** Rows of the business `target` whose totals differ from the sums of their lines, with the correct totals. */
export const wrongTotals = (totals: Totals, lines: string) => layout`
  select
    t.id,
    ${each(totals, (name) => `coalesce(d.${name}, 0) as ${name}`)}
  from ${totals.table} t
  left join (
    select
      ${totals.key},
      ${sumsOf(totals)}
    from ${nested(lines)} n
    group by ${totals.key}
  ) d on d.${totals.key} = t.id
  where t.business_id = target
    and ${nested(each(totals, (name) => `t.${name}`))}
      is distinct from ${nested(each(totals, (name) => `coalesce(d.${name}, 0)`))}`

/** Corrects the totals of the business `target`. */
export const rebuildTotals = (totals: Totals, lines: string) => layout`
  update ${totals.table} t
  set
    ${each(totals, (name) => `${name} = w.${name}`)}
  from ${nested(wrongTotals(totals, lines))} w
  where t.business_id = target and t.id = w.id;`
