import pg from 'pg'

/** The size of a shop of the benchmark. */
export interface Size {
  orders: number
  skus: number
  /** How many of the SKUs have sales. */
  selling: number
  customers: number
}

const DAYS = 400
const EMPLOYEES = 12
const TIMEZONE = 'America/Guatemala'

/** The id of the n-th shop. */
export function shopId(n: number): string {
  return `be9c0000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

/**
 * Writes a shop with a history that ends now: two lines per order on average, and realistic best sellers (a tenth of
 * the selling SKUs has nearly half of the lines). Triggers are off meanwhile, as in a restore, and the rollups are
 * built at the end.
 * @param client connected as a superuser
 */
export async function makeShop(
  client: pg.Client,
  n: number,
  { orders, skus, selling, customers }: Size,
): Promise<void> {
  const id = pg.escapeLiteral(shopId(n))
  await client.query(`
    begin;
    set local session_replication_role = replica;
    set local synchronous_commit = off;
    set local work_mem = '256MB';
    select setseed(${n / 1000}), set_config('app.business_id', ${id}, true);
    insert into business (id, name, currency, timezone, prices_include_tax, tax_rate)
      values (${id}, 'Shop ${n}', 'GTQ', '${TIMEZONE}', true, 0.12);
    insert into location (business_id, id, name, timezone) values (${id}, ${id}, 'Centro', '${TIMEZONE}');
    insert into category (business_id, name) select ${id}, 'Category ' || c from generate_series(1, 40) c;
    insert into supplier (business_id, name, lead_time_days) select ${id}, 'Supplier ' || s, s from generate_series(1, 20) s;
    insert into customer (business_id, code, name) select ${id}, 'C-' || c, 'Client ' || c from generate_series(1, ${customers}) c;
    insert into employee (business_id, number, name) select ${id}, e, 'Employee ' || e from generate_series(1, ${EMPLOYEES}) e;
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
      select ${id}, ${id}, variant_id, n % 37, now() - interval '${DAYS} days', 12, 24, 3 from sku;
    create temporary table client on commit drop as
      select row_number() over (order by id) as n, id from customer where business_id = ${id};
    create unique index on client (n);
    create temporary table line on commit drop as
      select o.n, o.at, o.client, l.line, 1 + floor(${selling} * power(random(), 3))::integer as sku, 1 + floor(random() * 3)::integer as quantity
      from (
        select n, now() - (n::double precision / ${orders}) * interval '${DAYS} days' as at,
          case when random() < 0.4 then 1 + floor(${customers} * power(random(), 2))::integer end as client
        from generate_series(1, ${orders}) n offset 0
      ) o cross join lateral generate_series(1, 1 + o.n % 3) l (line);
    create temporary table sale on commit drop as
      select gen_random_uuid() as id, n, min(at) as at, min(client) as client from line group by n;
    create index on sale (n);
    analyze sku; analyze client; analyze line; analyze sale;
    insert into order_item (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, tax_rate,
        tax_included, gross_sales, discount, tax, unit_cost)
      select ${id}, o.id, l.line, s.product_id, s.variant_id, 'line', l.quantity, s.price, 0.12, true,
        l.quantity * s.price - round(l.quantity * s.price * 0.12 / 1.12, 2), 0,
        round(l.quantity * s.price * 0.12 / 1.12, 2), round(s.price * 0.6, 2)
      from line l join sale o on o.n = l.n join sku s on s.n = l.sku;
    insert into orders (business_id, id, order_number, location_id, customer_id, sold_by, status, opened_at, completed_at,
        gross_sales, tax, cost, costed_net_sales, units_sold, sale_lines)
      select ${id}, o.id, 'N-' || o.n, ${id}, c.id, e.id, 'completed', o.at, o.at,
        i.gross, i.tax, i.cost, i.gross, i.units, i.lines
      from sale o
      join employee e on e.business_id = ${id} and e.number = (1 + o.n % ${EMPLOYEES})::text
      join (select order_id, sum(gross_sales) as gross, sum(tax) as tax, sum(round(quantity * unit_cost, 4)) as cost,
          sum(quantity) as units, count(*) as lines
        from order_item where business_id = ${id} group by order_id) i on i.order_id = o.id
      left join client c on c.n = o.client;
    insert into order_payment (business_id, order_id, payment_number, method, amount, paid_at)
      select business_id, id, 1, (array['cash', 'card', 'transfer'])[1 + abs(hashtext(order_number) % 3)], total, completed_at
      from orders where business_id = ${id};
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
  const queue = [...TABLES]
  const lanes = Array.from({ length: LANES }, () =>
    connected(url, async (client) => {
      for (let table = queue.shift(); table; table = queue.shift()) await copyRows(client, table, source, targets)
    }),
  )
  await Promise.all(lanes)
  await connected(url, (client) =>
    client.query(`
      insert into business (id, name, currency, timezone, prices_include_tax, tax_rate)
      select target.id, name, currency, timezone, prices_include_tax, tax_rate
      from business b cross join ${targets} where b.id = ${source}`),
  )
}

/** Rebuilds the indexes at the end, which is several times faster than updating them row by row. */
async function copyRows(client: pg.Client, table: string, source: string, targets: string): Promise<void> {
  const { rows } = await client.query<{ names: string[] }>(
    `select array_agg(column_name::text) as names from information_schema.columns
     where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER' and column_name <> 'business_id'`,
    [table],
  )
  const columns = (prefix = '') => rows[0]?.names.map((name) => `${prefix}${name}`).join(', ')
  await client.query(`
    begin;
    set local session_replication_role = replica;
    update pg_index set indisready = false, indisvalid = false where indrelid = '${table}'::regclass;
    insert into ${table} (business_id, ${columns()})
      select target.id, ${columns('t.')} from ${targets}
      cross join lateral (select * from ${table} where business_id = ${source} offset 0) t;
    commit`)
  await client.query("set maintenance_work_mem = '256MB'")
  await client.query(`reindex table ${table}`)
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return work(client).finally(() => client.end())
}
