import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { type Kind, withoutLoops } from './kind.ts'
import { rejectOthers } from './order-identity.ts'
import { readLine, STAGED_LINE } from './order-lines.ts'
import { nameRates } from './order-tax.ts'
import { writeOrders } from './order-writing.ts'
import { useOneSpelling } from './spelling.ts'

/** Fields of the whole order: its lines must agree on them, or leave them empty. */
const ORDER_FIELDS = [
  ...['ordered_at', 'status', 'location', 'client_code', 'employee', 'order_type', 'tip', 'payment_method'],
]

/**
 * One row per line; the lines of an order may be anywhere in the file. An order that is there already is left
 * unchanged; another one under its number is rejected.
 */
export const orders: Kind = {
  name: 'orders',
  columns: {
    required: ['order_number', 'ordered_at', 'sku', 'quantity', 'unit_price'],
    optional: [
      ...['status', 'location', 'client_code', 'client_name', 'employee', 'product_name', 'category'],
      ...['discount', 'tax', 'cost', 'tip', 'payment_method', 'order_type', 'time', 'time_zone'],
    ],
  },
  numbers: { amounts: ['unit_price', 'discount', 'tax', 'tip', 'cost'], quantities: ['quantity'] },
  dates: ['ordered_at'],
  table: 'import_line',
  staged: STAGED_LINE,

  read: readLine,

  async check(db, context) {
    const { id } = context.business
    const skus = sql`select sku from product_variant where business_id = ${id}::uuid`
    const clients = sql`select code from customer where business_id = ${id}::uuid and code is not null`
    await useOneSpelling(db, 'import_line', 'sku', skus)
    await useOneSpelling(db, 'import_line', 'client_code', clients)
    await nameRates(db, context)
    await gatherOrders(db)
    await rejectContradictions(db)
    await withoutLoops(db, () => rejectOthers(db, context))
    await sql`
      update import_line line set follows = true,
        reason = 'line ' || bad.line || ' of the same order (' || bad.order_number || ') is rejected'
      from (select order_number, min(line) as line from import_line where reason is not null group by order_number) bad
      where bad.order_number = line.order_number and line.reason is null`.execute(db)
  },

  write: writeOrders,
}

/** Makes `import_order`: the orders of the file, with the first value of each field and the line that it is from. */
async function gatherOrders(db: Transaction): Promise<void> {
  const fields = ORDER_FIELDS.map((name) => {
    const field = sql.ref(name)
    return sql`(array_agg(${field} order by line) filter (where ${field} is not null))[1] as ${field},
      min(line) filter (where ${field} is not null) as ${sql.ref(`${name}_line`)}`
  })
  await sql`
    create temporary table import_order on commit drop as
    select order_number, min(line) as line, ${sql.join(fields)},
      sum(gross_sales - discount + tax) as of_lines, bool_or(quantity > 0) as has_sale, bool_or(has_time) as has_time
    from import_line where order_number is not null group by order_number`.execute(db)
  await sql`analyze import_order`.execute(db)
}

async function rejectContradictions(db: Transaction): Promise<void> {
  const comparisons = ORDER_FIELDS.map((name) => {
    const [said, first] = [sql.ref(`row.${name}`), sql.ref(`o.${name}`)]
    const differs =
      name === 'location' || name === 'employee' ? sql`lower(${said}) <> lower(${first})` : sql`${said} <> ${first}`
    return sql`(${sql.lit(name)}, ${differs}, ${sql.ref(`o.${name}_line`)})`
  })
  await sql`
    update import_line line set reason = found.reason
    from (
      select row.line, string_agg(field.name || ' differs from line ' || field.line || ' of the same order', '; ') as reason
      from import_line row
      join import_order o on o.order_number = row.order_number
      cross join lateral (values ${sql.join(comparisons)}) field (name, differs, line)
      where field.differs
      group by row.line
    ) found
    where found.line = line.line`.execute(db)
}
