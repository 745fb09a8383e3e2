import pg from 'pg'

/** The size of a shop of the benchmark. */
export interface Size {
  orders: number
  skus: number
  /** How many of the SKUs have sales. */
  selling: number
  customers: number
  /** How long its history is, 400 days by default. */
  days?: number
  /** 12 by default. */
  employees?: number
}

/** Of all shops of the benchmark. */
export const TIMEZONE = 'America/Guatemala'

/** The id of the n-th shop. */
export function shopId(n: number): string {
  return `be9c0000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

/**
 * Writes a shop with a history that ends yesterday: two lines per order on average, from 7 to 21 o'clock, and realistic
 * best sellers (a tenth of the selling SKUs has nearly half of the lines). Triggers are off meanwhile, as in a restore,
 * and the rollups are built at the end.
 * @param client connected as a superuser
 */
export async function makeShop(
  client: pg.Client,
  n: number,
  { orders, skus, selling, customers, days = 400, employees = 12 }: Size,
): Promise<void> {
  const id = pg.escapeLiteral(shopId(n))
  // In the order of time, as the ids of sales are in time, which spares the indexes half of the work.
  const orderId = (number: string) => `('be9c0000-0000-4000-9000-' || lpad(to_hex(${number}), 12, '0'))::uuid`
  await client.query(`
    begin;
    set local session_replication_role = replica;
    set local synchronous_commit = off;
    set local work_mem = '256MB';
    select setseed(${n / 1000}), set_config('app.business_id', ${id}, true);
    insert into business (id, name, currency, timezone, prices_include_tax, tax_rate)
      values (${id}, 'Shop ${n}', 'GTQ', '${TIMEZONE}', true, 0.12);
    insert into location (business_id, id, name, timezone) values (${id}, ${id}, 'Shop', '${TIMEZONE}');
    insert into category (business_id, name) select ${id}, 'Category ' || c from generate_series(1, 40) c;
    insert into supplier (business_id, name, lead_time_days) select ${id}, 'Supplier ' || s, s from generate_series(1, 20) s;
    insert into customer (business_id, code, name, city)
      select ${id}, 'C-' || c, 'Client ' || c, 'City ' || c % 30 from generate_series(1, ${customers}) c;
    insert into employee (business_id, number, name) select ${id}, e, 'Employee ' || e from generate_series(1, ${employees}) e;
    insert into product (business_id, name, category_id, supplier_id)
      select ${id}, 'Product ' || p, c.id, s.id
      from generate_series(1, ${skus}) p
      join category c on c.business_id = ${id} and c.name = 'Category ' || (1 + p % 40)
      join supplier s on s.business_id = ${id} and s.name = 'Supplier ' || (1 + p % 20);
    create temporary table sku on commit drop as
      select row_number() over (order by id) as n, id as product_id, gen_random_uuid() as variant_id,
        round((5 + random() * 200)::numeric, 2) as price
      from product where business_id = ${id};
    create unique index on sku (n);
    insert into product_variant (business_id, id, product_id, sku, price, cost)
      select ${id}, variant_id, product_id, 'SKU-' || n, price, round(price * 0.6, 2) from sku;
    insert into inventory (business_id, location_id, variant_id, on_hand, first_moved_at, reorder_point, reorder_quantity,
        safety_stock)
      select ${id}, ${id}, variant_id, n % 37, now() - interval '${days} days', 12, 24, 3 from sku;
    create temporary table sale on commit drop as
      select n, ${orderId('n')} as id,
        ((current_date - 1 - ((n - 1)::bigint * ${days} / ${orders})::integer + time '07:00'
          + random() * interval '14 hours') at time zone '${TIMEZONE}') as at,
        case when random() < 0.4 then 1 + floor(${customers} * power(random(), 2))::integer end as client,
        1 + floor(${employees} * random())::integer as employee, random() < 0.1 as is_discounted,
        (array['retail', 'dine_in', 'takeaway'])[1 + floor(3 * power(random(), 2))::integer] as order_type
      from generate_series(1, ${orders}) n;
    create unique index on sale (n);
    analyze sku; analyze sale;
  `)
  await withoutIndexes(
    client,
    ['order_item', 'orders', 'order_payment'],
    `
    insert into order_item (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, tax_rate,
        tax_included, gross_sales, discount, tax, unit_cost)
      select ${id}, o.id, l.line, s.product_id, s.variant_id, 'line', l.quantity, s.price, 0.12, true,
        l.quantity * s.price - round(l.quantity * s.price * 0.12 / 1.12, 2),
        case when o.is_discounted then round(l.quantity * s.price * 0.05, 2) else 0 end,
        round(l.quantity * s.price * 0.12 / 1.12, 2), round(s.price * 0.6, 2)
      from (
        select n, id, is_discounted, line, 1 + floor(${selling} * power(random(), 3))::integer as sku,
          1 + floor(random() * 3)::integer as quantity
        from sale cross join lateral generate_series(1, 1 + n % 3) line
      ) l join sale o using (n) join sku s on s.n = l.sku;
    insert into orders (business_id, id, order_number, location_id, customer_id, sold_by, status, order_type, opened_at,
        completed_at, gross_sales, discounts, tax, cost, costed_net_sales, units_sold, sale_lines)
      select ${id}, o.id, 'N-' || o.n, ${id}, c.id, e.id, 'completed', o.order_type, o.at, o.at,
        i.gross, i.discount, i.tax, i.cost, i.gross - i.discount, i.units, i.lines
      from sale o
      join employee e on e.business_id = ${id} and e.number = o.employee::text
      join (select order_id, sum(gross_sales) as gross, sum(discount) as discount, sum(tax) as tax,
          sum(round(quantity * unit_cost, 4)) as cost, sum(quantity) as units, count(*) as lines
        from order_item where business_id = ${id} group by order_id) i on i.order_id = o.id
      left join customer c on c.business_id = ${id} and c.code = 'C-' || o.client;
    insert into order_payment (business_id, order_id, payment_number, method, amount, paid_at)
      select business_id, id, 1, (array['cash', 'card', 'transfer'])[1 + abs(hashtext(order_number) % 3)], total, completed_at
      from orders where business_id = ${id};
  `,
  )
  await client.query(`
    analyze orders; analyze order_item; analyze order_payment;
    select rebuild_rollups(${id});
    commit;`)
}

/** Largest first. */
const TABLES = [
  'order_item',
  'product_daily',
  'orders',
  'order_payment',
  'sales_hourly',
  'product_monthly',
  'sales_daily',
  'sales_monthly',
  'staff_hourly',
  'customer_daily',
  'customer_monthly',
  'staff_daily',
  'staff_hourly_monthly',
  'customer_quarterly',
  'city_daily',
  'category_daily',
  'supplier_daily',
  'payment_daily',
  'tax_daily',
  'customer_sales',
  'stock_velocity',
  'stock_velocity_day',
  'location',
  'category',
  'supplier',
  'customer',
  'employee',
  'product',
  'product_variant',
  'inventory',
]
const LANES = 3

/**
 * Copies a shop with its rollups several times. Keys begin with the business, so that all other ids can be the same. If
 * a copy is interrupted, the database must be thrown away.
 * @param url of a superuser
 * @param first number of the first copy; `last` is that of the last
 */
export async function copyShops(url: string, from: number, first: number, last: number): Promise<void> {
  const source = pg.escapeLiteral(shopId(from))
  const copies = Array.from({ length: last - first + 1 }, (_, index) => pg.escapeLiteral(shopId(first + index)))
  const targets = `unnest(array[${copies.join(', ')}]::uuid[]) as target (id)`
  // The triggers that are always on would compute again what is copied. Only reads follow.
  await connected(url, (client) =>
    client.query(
      ['product_daily', 'location', 'inventory'].map((table) => `alter table ${table} disable trigger user`).join('; '),
    ),
  )
  await forEachTable(url, TABLES, (client, table, columns) => {
    const names = (prefix = '') => columns.map((name) => `${prefix}${name}`).join(', ')
    return withoutIndexes(
      client,
      [table],
      `insert into ${table} (business_id, ${names()})
        select target.id, ${names('t.')} from ${targets}
        cross join lateral (select * from ${table} where business_id = ${source} offset 0) t`,
    )
  })
  await connected(url, (client) =>
    client.query(`
      insert into business (id, name, currency, timezone, prices_include_tax, tax_rate)
      select target.id, name, currency, timezone, prices_include_tax, tax_rate
      from business b cross join ${targets} where b.id = ${source}`),
  )
}

/** Ids that a copy of a location has for itself, and the tables whose `id` is one of them. */
const OWN_IDS = ['location_id', 'customer_id', 'employee_id', 'sold_by', 'order_id']
const OWN_TABLES = ['location', 'customer', 'employee', 'orders']
/** What people tell them apart by. */
const OWN_NAMES: Record<string, string> = {
  location: 'name',
  customer: 'code',
  employee: 'number',
  orders: 'order_number',
}
/** The tables whose rows are those of the whole business. */
const SHARED = ['category', 'supplier', 'product', 'product_variant']

/**
 * Makes a shop of one location into one of several, each with as many sales, employees and clients of its own, in the
 * same way.
 */
export async function copyLocation(url: string, n: number, locations: number): Promise<void> {
  const id = pg.escapeLiteral(shopId(n))
  await connected(url, (client) =>
    client.query('alter table product_daily disable trigger user; alter table location disable trigger user'),
  )
  const own = TABLES.filter((table) => !SHARED.includes(table))
  await forEachTable(url, own, (client, table, columns) => {
    const values = columns.map((name) => {
      if (OWN_IDS.includes(name) || (name === 'id' && OWN_TABLES.includes(table))) {
        // The digit that tells a UUID's version is 4 in all that are there.
        return `overlay(t.${name}::text placing to_hex(k + 4) from 15 for 1)::uuid`
      }
      return name === OWN_NAMES[table] ? `t.${name} || '-' || k` : `t.${name}`
    })
    return withoutIndexes(
      client,
      [table],
      `insert into ${table} (business_id, ${columns.join(', ')})
        select ${id}, ${values.join(', ')} from generate_series(2, ${locations}) k
        cross join lateral (select * from ${table} where business_id = ${id} offset 0) t`,
    )
  })
}

/** Does something in a transaction for each table, with its columns besides the business, a few at a time. */
async function forEachTable(
  url: string,
  tables: readonly string[],
  work: (client: pg.Client, table: string, columns: readonly string[]) => Promise<void>,
): Promise<void> {
  const queue = [...tables]
  const lane = () =>
    connected(url, async (client) => {
      for (let table = queue.shift(); table; table = queue.shift()) {
        const { rows } = await client.query<{ names: string[] }>(
          `select array_agg(column_name::text) as names from information_schema.columns
           where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER' and column_name <> 'business_id'`,
          [table],
        )
        await client.query('begin; set local session_replication_role = replica')
        await work(client, table, rows[0]?.names ?? [])
        await client.query('commit')
      }
    })
  await Promise.all(Array.from({ length: LANES }, lane))
}

/** Fills tables within a transaction, and then their indexes, which is several times faster than row by row. */
async function withoutIndexes(client: pg.Client, tables: readonly string[], statements: string): Promise<void> {
  const those = tables.map((table) => `'${table}'::regclass`).join(', ')
  await client.query(`update pg_index set indisready = false, indisvalid = false where indrelid in (${those})`)
  await client.query(statements)
  await client.query("set local maintenance_work_mem = '512MB'")
  for (const table of tables) await client.query(`reindex table ${table}`)
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return work(client).finally(() => client.end())
}
