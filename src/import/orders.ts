import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { type Kind, withoutLoops } from './kind.ts'
import { ORDER_AMOUNTS, spreadOrderAmounts } from './order-amounts.ts'
import { rejectOthers } from './order-identity.ts'
import { readLine, STAGED_LINE } from './order-lines.ts'
import { nameRates } from './order-tax.ts'
import { writeOrders } from './order-writing.ts'
import { useOneSpelling } from './spelling.ts'

/** Fields of the whole order: its lines must agree on them, or leave them empty. */
const ORDER_FIELDS = [
  ...[
    'ordered_at',
    'cancelled_at',
    'status',
    'location',
    'client_code',
    'employee',
    'order_type',
    'tip',
    'payment_method',
  ],
  ...ORDER_AMOUNTS,
]
/** Names that are the same in any case. */
const NAMES = ['location', 'employee']

/**
 * One row per line; the lines of an order may be anywhere in the file. An order that is there already is left
 * unchanged; another one under its number is rejected.
 */
export const orders: Kind = {
  name: 'orders',
  columns: {
    required: ['order_number', 'ordered_at', 'quantity'],
    oneOf: [
      ['sku', 'product_name'],
      ['unit_price', 'line_total'],
    ],
    optional: [
      ...['status', 'type', 'void', 'location', 'client_code', 'client_name', 'employee', 'category', 'currency'],
      ...['discount', 'tax', 'cost', 'line_cost', 'tip', 'payment_method', 'order_type', 'time', 'time_zone'],
      'cancelled_at',
      ...ORDER_AMOUNTS,
    ],
  },
  numbers: {
    amounts: ['unit_price', 'line_total', 'discount', 'tax', 'tip', 'cost', 'line_cost', ...ORDER_AMOUNTS],
    quantities: ['quantity'],
  },
  dates: ['ordered_at', 'cancelled_at'],
  table: 'import_line',
  staged: STAGED_LINE,

  read: readLine,

  async check(db, context) {
    const { id } = context.business
    const skus = sql`select sku from product_variant where business_id = ${id}::uuid`
    const clients = sql`select code from customer where business_id = ${id}::uuid and code is not null`
    await useOneSpelling(db, 'import_line', 'sku', skus)
    await useOneSpelling(db, 'import_line', 'client_code', clients)
    await sql`create index on import_line (order_number)`.execute(db)
    await withoutLoops(db, async () => {
      await numberReturns(db)
      await gatherOrders(db)
      await rejectContradictions(db)
    })
    await spreadOrderAmounts(db, context)
    await nameRates(db, context)
    await withoutLoops(db, async () => {
      await sumOrders(db)
      await rejectOthers(db, context)
      await rejectRest(db)
    })
  },

  write: writeOrders,
}

/** Rejects the other lines of an order of which one is rejected. */
async function rejectRest(db: Transaction): Promise<void> {
  await sql`
    update import_line line set follows = true,
      reason = 'line ' || bad.line || ' of the same order (' || bad.order_number || ') is rejected'
    from (select order_number, min(line) as line from import_line where reason is not null group by order_number) bad
    where bad.order_number = line.order_number and line.reason is null`.execute(db)
}

/** A return that has the number of its sale but another time is a ticket of its own. */
async function numberReturns(db: Transaction): Promise<void> {
  await sql`
    update import_line line set order_number = back.order_number || '-R' || back.place
    from (
      select row.line, row.order_number, dense_rank() over (partition by row.order_number order by row.ordered_at) as place
      from import_line row
      join (
        select order_number, min(ordered_at) filter (where quantity > 0) as sold_at from import_line
        where reason is null group by order_number having min(quantity) < 0 and max(quantity) > 0
      ) sold on sold.order_number = row.order_number
      where row.quantity < 0 and row.ordered_at <> sold.sold_at
    ) back
    where back.line = line.line`.execute(db)
}

/** Adds up the lines of each order, now that they have their amounts and some are gone. */
async function sumOrders(db: Transaction): Promise<void> {
  await sql`
    update import_order o set of_lines = sums.total, line = sums.line
    from (
      select order_number, sum(gross_sales - discount + tax) as total, min(line) filter (where line > 0) as line
      from import_line group by 1
    ) sums
    where sums.order_number = o.order_number`.execute(db)
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
    select order_number, min(line) as line, ${sql.join(fields)}, bool_or(quantity > 0) as has_sale,
      bool_or(has_time) as has_time, bool_or(unit_price < 0) as has_discount_line, null::numeric as of_lines
    from import_line where order_number is not null group by order_number`.execute(db)
  await sql`
    update import_order set status = 'cancelled' where status is null and cancelled_at is not null`.execute(db)
  await sql`analyze import_order`.execute(db)
  await sql`
    update import_line line set reason = 'ordered_at is missing'
    from import_order o
    where o.line = line.line and o.ordered_at is null and line.reason is null`.execute(db)
}

async function rejectContradictions(db: Transaction): Promise<void> {
  const comparisons = ORDER_FIELDS.map((name) => {
    const [said, first] = [sql.ref(`row.${name}`), sql.ref(`o.${name}`)]
    const differs = NAMES.includes(name) ? sql`lower(${said}) <> lower(${first})` : sql`${said} <> ${first}`
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
