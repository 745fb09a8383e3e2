import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_BUSINESSES, DEMO_MEMBERSHIPS, demoLogins, HUDSON, LA_CEIBA } from '../../demo/data/directory.ts'
import { CREATED_BY } from '../../demo/data/sales.ts'
import { seedDemo } from '../../demo/seed.ts'
import { lineAmounts } from '../../src/pos/orders/line-amounts.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

/** A Saturday afternoon in Madrid, the morning in New York and Guatemala. */
const NOW = new Date('2026-11-21T16:20:00Z')
const DAYS = 30
const SCALE = 0.25

/** Every table with rows of a business, with what follows from the clock of the server left out. */
const TABLES: Record<string, string> = {
  business: '*',
  business_user: '*',
  location: '*',
  employee: '*',
  supplier: '*',
  category: '*',
  product: '*',
  product_variant: '*',
  customer: '*',
  inventory: 'business_id, location_id, variant_id, on_hand, reorder_point, max_stock',
  inventory_movement: '*',
  orders: '*',
  order_item: '*',
  order_payment: '*',
  order_refund: '*',
  order_refund_line: '*',
  sales_daily: '*',
  sales_hourly: '*',
  sales_monthly: '*',
  staff_daily: '*',
  staff_hourly: '*',
  staff_hourly_monthly: '*',
  customer_daily: '*',
  customer_monthly: '*',
  customer_quarterly: '*',
  city_daily: '*',
  category_daily: '*',
  supplier_daily: '*',
  product_daily: '*',
  product_monthly: '*',
  tax_daily: '*',
  payment_daily: '*',
  customer_sales: '*',
}
/** Triggers leave an empty cell where an order was before it got its discount. */
const CELLS: Record<string, string> = {
  staff_daily: '(orders, refunds) <> (0, 0)',
  staff_hourly: '(orders, refunds) <> (0, 0)',
  staff_hourly_monthly: '(orders, refunds) <> (0, 0)',
}
const BOARD_TABLES = { psa_board: '*', psa_phase: '*', psa_step: '*', psa_time_entry: '*' }

const seed = ({ ownerUrl }: TestDatabase, now = NOW, days = DAYS) =>
  seedDemo({ connectionString: ownerUrl, now, days, scale: SCALE })

/** A fingerprint of each table's rows. */
async function fingerprints(database: TestDatabase, tables: Record<string, string>): Promise<Record<string, string>> {
  const prints: Record<string, string> = {}
  for (const [table, columns] of Object.entries(tables)) {
    const [row] = await database.asOwner<{ print: string }>(
      `select count(*) || ' rows ' || md5(string_agg(t::text, E'\\n' order by t::text collate "C")) as print
       from (select ${columns} from ${table} where ${CELLS[table] ?? true}) t`,
    )
    prints[table] = row?.print ?? ''
  }
  return prints
}

let database: TestDatabase
let orders: number

beforeAll(async () => {
  database = await createTestDatabase()
  const result = await seed(database)
  expect(result.seeded).toBe(true)
  orders = result.orders
})
afterAll(() => database.close())

describe('a first load', () => {
  it('tells how many completed orders it wrote', async () => {
    const [row] = await database.asOwner<{ count: number }>(
      `select count(*)::int as count from orders where status = 'completed'`,
    )
    expect(orders).toBe(row?.count)
    expect(orders).toBeGreaterThan(1000)
  })

  it('is the same for the same now, whoever connects in whatever way', async () => {
    const other = await createTestDatabase()
    try {
      // The owner of the schema need not be a superuser: row security binds this one.
      const [role] = await other.asOwner<{ name: string }>(
        `select 'owner_' || substr(md5(random()::text), 1, 8) as name`,
      )
      const owner = role?.name ?? ''
      await other.asOwner(`create role ${owner} login`)
      await other.asOwner(`do $$ declare t record; begin
        for t in select tablename as name from pg_tables where schemaname = 'public' loop
          execute format('alter table %I owner to ${owner}', t.name); end loop;
        for t in select oid::regprocedure as name from pg_proc where pronamespace = 'public'::regnamespace loop
          execute format('alter function %s owner to ${owner}', t.name); end loop;
        execute format('grant temporary on database %I to ${owner}', current_database());
      end $$`)
      const url = new URL(other.ownerUrl)
      url.username = owner
      await seedDemo({ connectionString: url.href, now: NOW, days: DAYS, scale: SCALE })
      const tables = { ...TABLES, ...BOARD_TABLES }
      expect(await fingerprints(other, tables)).toEqual(await fingerprints(database, tables))
      // Sums that triggers keep as the rows come in would take hours: each order is written once, with its totals.
      const [written] = await other.asOwner<{ updates: string }>(
        "select n_tup_upd as updates from pg_stat_user_tables where relname = 'orders'",
      )
      expect(written).toEqual({ updates: '0' })
      expect(
        await other.asOwner("select tgname from pg_trigger where not tgisinternal and tgenabled not in ('O', 'A')"),
      ).toEqual([])
      await other.asOwner(`reassign owned by ${owner} to current_user`)
      await other.asOwner(`drop owned by ${owner}`)
      await other.asOwner(`drop role ${owner}`)
    } finally {
      await other.close()
    }
  })

  it('leaves nothing to do for a second one', async () => {
    const before = await fingerprints(database, { ...TABLES, ...BOARD_TABLES })
    expect(await seed(database)).toEqual({ orders: 0, seeded: false })
    expect(await seed(database, new Date(NOW.getTime() - 60_000))).toEqual({ orders: 0, seeded: false })
    expect(await fingerprints(database, { ...TABLES, ...BOARD_TABLES })).toEqual(before)
  })

  it('ends at now and begins on the first local day', async () => {
    const [row] = await database.asOwner<{ first: string; latest: Date; days: number }>(
      `select (min(opened_at) at time zone 'America/Guatemala')::date::text as first,
         greatest(max(opened_at), max(completed_at), max(cancelled_at), max(o.created_at), max(o.updated_at),
           (select max(paid_at) from order_payment), (select max(refunded_at) from order_refund),
           (select max(created_at) from inventory_movement), (select max(created_at) from customer),
           (select max(created_at) from psa_board), (select max(completed_at) from psa_step),
           (select max(created_at) from psa_time_entry)) as latest,
         count(distinct (completed_at at time zone 'America/Guatemala')::date)::int as days
       from orders o where business_id = $1`,
      [LA_CEIBA.id],
    )
    expect(row?.first).toBe('2026-10-23')
    expect(row?.days).toBe(DAYS)
    expect(row?.latest.getTime()).toBeLessThanOrEqual(NOW.getTime())
    expect(row?.latest.getTime()).toBeGreaterThan(NOW.getTime() - 3 * 3_600_000)
  })

  it('knows who did what to each order, at its location', async () => {
    const [row] = await database.asOwner(
      `select count(*) filter (where e.id is null or e.location_id <> o.location_id or not e.is_active) as strangers,
         count(*) filter (where (discounted_by is null) <> (discounts = 0)) as "wrongDiscounts",
         count(*) filter (where (cancelled_by is null) <> (status <> 'cancelled')) as "wrongCancellations",
         (select count(*) from order_refund where refunded_by is null) as "wrongRefunds"
       from orders o left join employee e on e.business_id = o.business_id and e.id = o.sold_by`,
    )
    expect(row).toEqual({ strangers: '0', wrongDiscounts: '0', wrongCancellations: '0', wrongRefunds: '0' })
    const sellers = await database.asOwner<{ name: string; sold: number }>(
      `select e.name, count(o.id)::int as sold from employee e
       left join orders o on o.business_id = e.business_id and o.sold_by = e.id
       where e.business_id = $1 group by e.id, e.name`,
      [LA_CEIBA.id],
    )
    expect(sellers).toHaveLength(8)
    for (const { name, sold } of sellers)
      expect({ name, sells: sold > 20 }).toEqual({ name, sells: name !== 'Brenda De León' })
    // The cashier who can sign in.
    const users = await database.asOwner(
      `select e.name from employee e
       join business_user m on m.business_id = e.business_id and m.user_id = e.user_id and m.role = 'cashier'`,
    )
    expect(users).toEqual([{ name: 'Luis Pérez' }])
  })

  it('is paid to the cent', async () => {
    const unpaid = await database.asOwner(
      `select o.order_number, o.total, sum(p.amount) from orders o
       left join order_payment p on p.business_id = o.business_id and p.order_id = o.id
       group by o.business_id, o.id having coalesce(sum(p.amount), 0) <> case o.status when 'completed' then o.total else 0 end`,
    )
    expect(unpaid).toEqual([])
  })

  it('takes tax out of the price or puts it on top, line by line', async () => {
    const lines = await database.asOwner<Record<'quantity' | 'unit_price' | 'tax_rate' | 'paid' | 'tax', string>>(
      `select quantity, unit_price, tax_rate, net_sales + tax as paid, tax from order_item
       where business_id = any ($1) and discount = 0`,
      [[LA_CEIBA.id, HUDSON.id]],
    )
    expect(lines.length).toBeGreaterThan(500)
    const [inside] = lines.filter(({ tax_rate }) => Number(tax_rate) === 0.12)
    expect(Number(inside?.paid)).toBeCloseTo(Number(inside?.quantity) * Number(inside?.unit_price), 2)
    const [onTop] = lines.filter(({ tax_rate }) => Number(tax_rate) === 0.08875)
    const { grossSales, tax } = lineAmounts({
      quantity: onTop?.quantity ?? 0,
      unitPrice: onTop?.unit_price ?? 0,
      taxRate: '0.08875',
      taxIncluded: false,
      currencyDigits: 2,
    })
    expect(onTop?.tax).toBe(tax)
    expect(Number(onTop?.paid)).toBeCloseTo(Number(grossSales) + Number(tax), 4)
  })

  it('refunds no more than was paid, on a later local day', async () => {
    const [row] = await database.asOwner<{ refunds: number; wrong: number }>(
      `select count(*)::int as refunds, (count(*) filter (where r.total <= 0 or r.total > o.total
         or (r.refunded_at at time zone b.timezone)::date <= (o.completed_at at time zone b.timezone)::date))::int as wrong
       from order_refund r
       join orders o on o.business_id = r.business_id and o.id = r.order_id
       join business b on b.id = r.business_id`,
    )
    expect(row?.refunds).toBeGreaterThan(5)
    expect(row?.wrong).toBe(0)
  })

  it.each(DEMO_BUSINESSES.map(({ id, name }) => ({ id, name })))('agrees with its rollups: $name', async ({ id }) => {
    expect(
      await database.asOwner(
        "select c.* from set_config('app.business_id', $1::text, true), check_rollups($1::uuid) c",
        [id],
      ),
    ).toEqual([])
  })

  it('shows each business to itself alone', async () => {
    for (const { id, name } of DEMO_BUSINESSES) {
      const seen = await database.database.within({ businessId: id }, 'read', (db) =>
        db.selectFrom('orders').select('business_id').distinct().execute(),
      )
      expect(seen, name).toEqual([{ business_id: id }])
    }
    const foreign = await database.database.within({ businessId: HUDSON.id }, 'read', (db) =>
      db.selectFrom('product').select('id').where('business_id', '=', LA_CEIBA.id).execute(),
    )
    expect(foreign).toEqual([])
  })

  it('fills shelves in every state, from what was moved', async () => {
    const [row] = await database.asOwner<Record<'out' | 'low' | 'over' | 'drifted', number>>(
      `select (count(*) filter (where on_hand = 0))::int as out,
         (count(*) filter (where on_hand > 0 and on_hand < reorder_point))::int as low,
         (count(*) filter (where on_hand > max_stock))::int as over,
         (count(*) filter (where on_hand < 0 or on_hand <> (select coalesce(sum(quantity), 0) from inventory_movement m
           where (m.business_id, m.location_id, m.variant_id) = (i.business_id, i.location_id, i.variant_id))))::int as drifted
       from inventory i`,
    )
    expect(row?.out).toBeGreaterThan(5)
    expect(row?.low).toBeGreaterThan(10)
    expect(row?.over).toBeGreaterThan(10)
    expect(row?.drifted).toBe(0)
  })

  it('gives the agency steps of every kind', async () => {
    const rows = await database.asOwner<{ status: string }>(
      `select distinct status from psa_step union select 'overdue' from psa_step where status <> 'done' and due_on < $1
       union select 'hours' from psa_time_entry order by status`,
      [NOW],
    )
    expect(rows.map(({ status }) => status)).toEqual(['blocked', 'done', 'hours', 'in_progress', 'overdue', 'todo'])
  })
})

describe('a later start', () => {
  it('adds what is missing, and only that, as if everything had been written at once', async () => {
    const inSteps = await createTestDatabase()
    try {
      await seed(inSteps, new Date('2026-11-13T16:47:11Z'), DAYS - 8)
      const written = await inSteps.asOwner<{ id: string; row: string }>(`select id, o::text as row from orders o`)

      const concurrently = await Promise.all([
        seed(inSteps, new Date('2026-11-14T14:03:00Z')),
        seed(inSteps, new Date('2026-11-14T14:03:00Z')),
      ])
      expect(concurrently.map(({ seeded }) => seeded)).toEqual([false, false])
      expect(concurrently.some(({ orders }) => orders === 0)).toBe(true)
      expect((await seed(inSteps)).orders).toBeGreaterThan(100)

      expect(await fingerprints(inSteps, TABLES)).toEqual(await fingerprints(database, TABLES))
      const now = new Map(
        (await inSteps.asOwner<{ id: string; row: string }>(`select id, o::text as row from orders o`)).map((row) => [
          row.id,
          row.row,
        ]),
      )
      expect(written.filter(({ id, row }) => now.get(id) !== row)).toEqual([])
    } finally {
      await inSteps.close()
    }
  })

  it('leaves changes that people made to the demo alone', async () => {
    const database = await createTestDatabase()
    try {
      await seed(database, new Date('2026-11-13T16:47:11Z'))
      await database.asOwner(
        `update orders o set status = 'cancelled', cancelled_at = now() where status = 'completed'
         and not exists (select from order_refund r where r.order_id = o.id)`,
      )
      await database.asOwner(
        `insert into orders (business_id, order_number, location_id, opened_at, created_by)
         values ($1, 'by hand', $2, '2026-11-20T12:00:00Z', 'someone')`,
        [LA_CEIBA.id, LA_CEIBA.locations[0]?.id],
      )
      expect((await seed(database)).orders).toBeGreaterThan(100)
      for (const { id } of DEMO_BUSINESSES) {
        expect(
          await database.asOwner(
            "select c.* from set_config('app.business_id', $1::text, true), check_rollups($1::uuid) c",
            [id],
          ),
        ).toEqual([])
      }
      const [row] = await database.asOwner<{ first: Date }>(
        `select min(completed_at) as first from orders
         where created_by = $1 and status = 'completed' and completed_at > '2026-11-13T16:47:11Z'`,
        [CREATED_BY],
      )
      expect(row?.first.getTime()).toBeLessThan(new Date('2026-11-14T20:00:00Z').getTime())
    } finally {
      await database.close()
    }
  })
})

describe('the directory', () => {
  it('lists the logins with their businesses in order', () => {
    const [ana, marco, sofia, luis] = demoLogins()
    expect(ana).toMatchObject({ email: 'ana@demo.flowpos.app', password: 'flowpos-demo', role: 'owner' })
    expect(marco?.businesses.map(({ name }) => name)).toEqual(['Café Ñoño', 'Hudson Street Provisions'])
    expect(sofia?.businesses).toHaveLength(1)
    expect(luis).toMatchObject({ role: 'cashier', businesses: ana?.businesses })
    expect(DEMO_MEMBERSHIPS).toHaveLength(5)
  })
})
