import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { amountOf } from '../money/money.ts'
import { type ImportContext, makeNamed, type Outcome, withoutLoops } from './kind.ts'

/** How many orders' lines one statement writes: enough to be fast, few enough for its foreign key checks. */
const CHUNK = 5000

/** Writes the orders of `import_order` that do not exist yet, with the lines of `import_line`. */
export async function writeOrders(db: Transaction, context: ImportContext): Promise<Outcome> {
  const { business } = context
  const kept = await withoutLoops(db, () => findNew(db, context))

  const locations = await makeNamed(db, 'location', business.id, sql`select location from import_new`, {
    timezone: business.timezone,
  })
  const clients = await makeClients(db, context)
  const employees = await withoutLoops(db, () => makeEmployees(db, context))
  await withoutLoops(db, () => findOwners(db, context))
  await insertOrders(db, context)
  await withoutLoops(db, () => findProducts(db, context))
  const categories = await makeNamed(db, 'category', business.id, sql`select category from import_sku where made`)
  const products = await withoutLoops(db, () => makeProducts(db, context))
  await insertLines(db, context)

  return withoutLoops(db, async () => {
    await insertPayments(db, context)
    await insertRefunds(db, context)
    const { net_sales, tax, total, refunded, ...summary } = await summarize(db, context)
    return {
      ...summary,
      updated: 0,
      unchanged: kept - summary.made,
      madeOnTheWay: { products, clients, employees, categories, locations },
      netSales: amountOf(net_sales, business),
      tax: amountOf(tax, business),
      total: amountOf(total, business),
      refunded: amountOf(refunded, business),
    }
  })
}

/**
 * Makes `import_new`: the orders to write, in order of time.
 * @returns how many orders of the file are not rejected
 */
async function findNew(db: Transaction, { business, location }: ImportContext): Promise<number> {
  await sql`
    create temporary table import_new on commit drop as
    select row_number() over (order by ordered_at, line) as position, gen_random_uuid() as id, order_number, ordered_at, cancelled_at,
      coalesce(status, 'completed') as status, coalesce(location, ${location}::text) as location, client_code,
      coalesce(order_type, 'retail') as order_type, coalesce(tip, 0) as tip, payment_method, employee, has_time, refunded,
      null::uuid as location_id, null::uuid as customer_id, null::uuid as sold_by
    from import_order new
    where exists (select from import_line row where row.order_number = new.order_number)
      and not exists (
        select from orders o where o.business_id = ${business.id}::uuid and o.order_number = new.order_number)`.execute(
    db,
  )
  await sql`create index on import_new (position)`.execute(db)
  await sql`analyze import_new`.execute(db)
  const { rows } = await sql<{ count: number }>`
    select count(distinct order_number)::integer as count from import_line`.execute(db)
  return rows[0]?.count ?? 0
}

/** Creates unknown clients, named by the first line that names them, else by their code. */
async function makeClients(db: Transaction, { business }: ImportContext): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into customer (business_id, code, name)
    select distinct on (o.client_code) ${business.id}::uuid, o.client_code, coalesce(row.client_name, o.client_code)
    from import_new o join import_line row on row.order_number = o.order_number
    where o.client_code is not null
    order by o.client_code, row.client_name is null, row.line
    on conflict (business_id, code) do nothing`.execute(db)
  return Number(numAffectedRows ?? 0)
}

/**
 * Creates unknown employees. A file names them by number or by name: a new one has what the file says as its name, and
 * as its number if it is one, else the next number.
 */
async function makeEmployees(db: Transaction, { business }: ImportContext): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into employee (business_id, number, name)
    select ${business.id}::uuid, case when name ~ '^[0-9]{1,9}$' then name else (last.number
      + row_number() over (partition by name ~ '^[0-9]{1,9}$' order by lower(name)))::text end, name
    from (
      select (array_agg(new.employee order by new.position))[1] as name from import_new new
      where new.employee is not null and not exists (
        select from employee e
        where e.business_id = ${business.id}::uuid and lower(new.employee) in (lower(e.number), lower(e.name)))
      group by lower(new.employee)
    ) named
    cross join (
      select coalesce(max(number::bigint), 0) as number from (
        select number from employee where business_id = ${business.id}::uuid
        union all select employee from import_new
      ) taken where number ~ '^[0-9]{1,9}$'
    ) last`.execute(db)
  return Number(numAffectedRows ?? 0)
}

async function findOwners(db: Transaction, { business }: ImportContext): Promise<void> {
  await sql`
    update import_new new set location_id = l.id from location l
    where l.business_id = ${business.id}::uuid and lower(l.name) = lower(new.location)`.execute(db)
  await sql`
    update import_new new set customer_id = c.id from customer c
    where c.business_id = ${business.id}::uuid and c.code = new.client_code`.execute(db)
  await sql`
    update import_new new set sold_by = (
      select e.id from employee e
      where e.business_id = ${business.id}::uuid and lower(new.employee) in (lower(e.number), lower(e.name))
      order by lower(e.number) <> lower(new.employee), e.number limit 1)
    where new.employee is not null`.execute(db)
}

/**
 * Inserts all orders in one statement, before any line. Its triggers lock every affected cell of the sales sums in key
 * order, so that the chunks of lines that follow cannot deadlock with a sale at the till.
 */
async function insertOrders(db: Transaction, { business }: ImportContext): Promise<void> {
  await sql`
    insert into orders (business_id, id, order_number, location_id, customer_id, status, order_type, opened_at,
      completed_at, cancelled_at, has_time, tips, sold_by, created_by)
    select ${business.id}::uuid, id, order_number, location_id, customer_id, status, order_type, ordered_at,
      case when status = 'completed' then ordered_at end, case when status = 'cancelled' then greatest(ordered_at, cancelled_at) end,
      has_time,
      tip, sold_by, 'import'
    from import_new order by position`.execute(db)
}

/**
 * Makes `import_sku`: every product of the new orders. An unknown product gets its name from the first line that has
 * one, and its price from its latest sale.
 */
async function findProducts(db: Transaction, { business }: ImportContext): Promise<void> {
  await sql`
    create temporary table import_sku on commit drop as
    select used.sku, v.id is null as made, coalesce(v.id, gen_random_uuid()) as variant_id,
      coalesce(v.product_id, gen_random_uuid()) as product_id, coalesce(p.name, named.product_name, used.sku) as name,
      categorized.category, latest.unit_price as price
    from (
      select row.sku, min(row.line) filter (where row.product_name is not null) as name_line,
        min(row.line) filter (where row.category is not null) as category_line
      from import_new o join import_line row on row.order_number = o.order_number
      group by row.sku
    ) used
    join (
      select distinct on (sku) sku, unit_price from import_line
      order by sku, quantity > 0 and unit_price > 0 desc, ordered_at desc nulls last, line desc
    ) latest on latest.sku = used.sku
    left join import_line named on named.line = used.name_line
    left join import_line categorized on categorized.line = used.category_line
    left join product_variant v on v.business_id = ${business.id}::uuid and v.sku = used.sku
    left join product p on p.business_id = ${business.id}::uuid and p.id = v.product_id`.execute(db)
  await sql`analyze import_sku`.execute(db)
}

async function makeProducts(db: Transaction, { business }: ImportContext): Promise<number> {
  await sql`
    insert into product (business_id, id, name, category_id)
    select ${business.id}::uuid, new.product_id, new.name, c.id
    from import_sku new
    left join category c on c.business_id = ${business.id}::uuid and lower(c.name) = lower(new.category)
    where new.made`.execute(db)
  const { numAffectedRows } = await sql`
    insert into product_variant (business_id, id, product_id, sku, price)
    select ${business.id}::uuid, variant_id, product_id, sku, price from import_sku where made order by sku`.execute(db)
  return Number(numAffectedRows ?? 0)
}

/** The cost of a line is what the file says: today's cost of the product is not what it was when it was sold. */
async function insertLines(db: Transaction, { business, onWritten }: ImportContext): Promise<void> {
  const { rows } = await sql<{ last: number }>`
    select coalesce(max(position), 0)::integer as last from import_new`.execute(db)
  const last = rows[0]?.last ?? 0
  for (let after = 0; after < last; after += CHUNK) {
    await sql`
      insert into order_item (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price,
        tax_rate, tax_included, gross_sales, discount, tax, unit_cost)
      select ${business.id}::uuid, o.id, row_number() over (partition by o.id order by row.line < 0, row.line), s.product_id,
        s.variant_id, coalesce(row.product_name, s.name), row.quantity, row.unit_price, row.tax_rate,
        ${business.pricesIncludeTax}, row.gross_sales, row.discount, row.tax, row.unit_cost
      from import_new o
      join import_line row on row.order_number = o.order_number
      join import_sku s on s.sku = row.sku
      where o.position > ${after} and o.position <= ${after + CHUNK}`.execute(db)
    onWritten(Math.min(after + CHUNK, last), last)
  }
}

async function insertPayments(db: Transaction, { business }: ImportContext): Promise<void> {
  await sql`
    insert into order_payment (business_id, order_id, payment_number, method, amount, paid_at)
    select o.business_id, o.id, 1, new.payment_method, o.total, o.completed_at
    from import_new new
    join orders o on o.business_id = ${business.id}::uuid and o.id = new.id
    where new.status = 'completed' and new.payment_method is not null`.execute(db)
}

/**
 * Writes what the file says was refunded of an order. It says neither of what nor when: all of it is the whole order,
 * part of it is money back for every line; both on the day of the sale, at no known hour.
 */
async function insertRefunds(db: Transaction, { business }: ImportContext): Promise<void> {
  const digits = sql`${business.currencyDigits}::integer`
  await sql`
    create temporary table import_refund on commit drop as
    select gen_random_uuid() as id, new.id as order_id, new.sold_by, new.payment_method, o.location_id,
      ((o.completed_at at time zone l.timezone)::date + time '12:00') at time zone l.timezone as refunded_at,
      new.refunded = o.total as is_whole, least(new.refunded, o.total - o.tips) as of_lines,
      new.refunded - least(new.refunded, o.total - o.tips) as tips, o.total - o.tips as paid
    from import_new new
    join orders o on o.business_id = ${business.id}::uuid and o.id = new.id
    join location l on l.business_id = o.business_id and l.id = o.location_id
    where new.status = 'completed' and new.refunded > 0`.execute(db)
  await sql`
    insert into order_refund (business_id, id, order_id, location_id, refunded_at, has_time, method, tips, refunded_by,
      created_by)
    select ${business.id}::uuid, id, order_id, location_id, refunded_at, false, coalesce(payment_method, 'unknown'), tips,
      sold_by, 'import'
    from import_refund order by refunded_at, id`.execute(db)
  // Shares of a running sum, so that the parts are whole minor units and add up.
  await sql`
    insert into order_refund_line (business_id, refund_id, order_id, line_number, product_id, variant_id, quantity,
      returns, tax, unit_cost)
    select ${business.id}::uuid, part.id, part.order_id, part.line_number, part.product_id, part.variant_id,
      case when part.is_whole then part.quantity else 0 end, part.back - part.tax_back, part.tax_back, part.unit_cost
    from (
      select share.*, round(share.back * share.tax / nullif(share.net_sales + share.tax, 0), ${digits}) as tax_back
      from (
        select r.id, r.is_whole, i.*,
          round(r.of_lines * sum(i.net_sales + i.tax) over upto / r.paid, ${digits})
            - round(r.of_lines * (sum(i.net_sales + i.tax) over upto - (i.net_sales + i.tax)) / r.paid, ${digits}) as back
        from import_refund r
        join order_item i on i.business_id = ${business.id}::uuid and i.order_id = r.order_id
        where i.quantity > 0 and r.paid > 0
        window upto as (partition by i.order_id order by i.line_number)
      ) share
    ) part
    where part.back > 0`.execute(db)
}

interface Summary {
  made: number
  from: string | null
  to: string | null
  net_sales: string
  tax: string
  total: string
  refunded: string
}

async function summarize(db: Transaction, { business }: ImportContext): Promise<Summary> {
  const { rows } = await sql<Summary>`
    select count(*)::integer as made, min(local.day) as from, max(local.day) as to,
      ${sql.join(['net_sales', 'tax', 'total'].map((sum) => sql`coalesce(sum(${sql.ref(`o.${sum}`)}) filter (where new.status = 'completed'), 0) as ${sql.ref(sum)}`))},
      coalesce(sum(new.refunded) filter (where new.status = 'completed'), 0) as refunded
    from import_new new
    join orders o on o.business_id = ${business.id}::uuid and o.id = new.id
    cross join lateral (select (o.opened_at at time zone ${business.timezone}::text)::date) local (day)`.execute(db)
  return rows[0] ?? { made: 0, from: null, to: null, net_sales: '0', tax: '0', total: '0', refunded: '0' }
}
