import pg from 'pg'
import { readZone } from '../src/database/zones.ts'
import { addDays, localDate } from '../src/time/local.ts'
import { boardRows, timeEntries } from './data/boards.ts'
import { type Calendar, createCalendar, type Window } from './data/calendar.ts'
import { type CatalogueRows, catalogueRows } from './data/catalogue.ts'
import { copyRows } from './data/copy.ts'
import { customerRows, customersUntil, type Regular } from './data/customers.ts'
import { DEMO_MEMBERSHIPS, DEMO_USERS, type DemoUser, ESTUDIO_QUETZAL } from './data/directory.ts'
import { employeeRows } from './data/employees.ts'
import { type Chapter, history } from './data/history.ts'
import { CREATED_BY } from './data/sales.ts'
import { SHOPS, type Shop } from './data/shops.ts'
import { stockedShelves, stockMovements } from './data/stock.ts'

export type SeedOptions = ({ client: pg.ClientBase } | { connectionString: string }) & {
  /** The history ends here. */
  now: Date
  /** Called with the completed orders written so far and a rough total. */
  onProgress?: (done: number, total: number) => void
  /** Local days of a first load, including today; 400 by default. */
  days?: number
  /** Size of the shops, 1 by default; all calls for a database must use the same. */
  scale?: number
}

export interface SeedResult {
  /** How many completed orders this call wrote. */
  orders: number
  /** Whether this call began the history of a business; false if it only continued it to `now`. */
  seeded: boolean
}

const DAYS = 400
const DAYS_PER_CHAPTER = 100
const CONNECTIONS = 3

/** For large statements: memory for sorting, and no compilation of plans that run once. */
const BULK_SETTINGS = { work_mem: '128MB', jit: 'off' }

/** The seed's advisory lock; any number of our own will do. */
const LOCK = 710_400_001

/**
 * Fills the migrated database with the demo's businesses, or continues their history to `now`. Existing rows stay
 * unchanged, and the same `now` gives the same rows. Of two simultaneous calls, only one writes.
 * @param options a connection, or how to make one, as the owner of the schema; a superuser is not needed
 * @throws the database's error; every business is then complete or as it was before
 */
export async function seedDemo(options: SeedOptions): Promise<SeedResult> {
  if ('client' in options) return locked(options.client, () => seedAll([options.client], options))
  const { connectionString } = options
  const clients = Array.from({ length: CONNECTIONS }, () => new pg.Client({ connectionString }))
  try {
    await Promise.all(clients.map((client) => client.connect()))
    return await locked(clients[0] as pg.Client, () => seedAll(clients, options))
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
}

async function locked<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('select pg_advisory_lock($1)', [LOCK])
  try {
    return await work()
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK])
  }
}

/** @param clients connections that each work on one business at a time */
async function seedAll(clients: readonly pg.ClientBase[], options: SeedOptions): Promise<SeedResult> {
  const { onProgress, days = DAYS, scale = 1 } = options
  const [first] = clients as readonly [pg.ClientBase]
  for (const user of DEMO_USERS) {
    const settings = { 'app.firebase_uid': user.uid, 'app.email': user.email }
    await transaction(first, settings, () => addUser(first, user))
  }

  const result: SeedResult = { orders: 0, seeded: false }
  const total = SHOPS.reduce((sum, { ordersPerDay }) => sum + Math.round(ordersPerDay * scale * days), 0)
  const written = (orders: number) => {
    result.orders += orders
    onProgress?.(Math.min(result.orders, total), total)
  }
  const queue = [...SHOPS]
  const lanes = clients.map(async (client) => {
    for (let shop = queue.shift(); shop; shop = queue.shift()) {
      if (await seedBusiness(client, shop, options, written)) result.seeded = true
    }
  })
  // A lane that fails must not interrupt the others in the middle of a statement.
  for (const lane of await Promise.allSettled(lanes)) if (lane.status === 'rejected') throw lane.reason
  if (result.seeded) await gatherStatistics(first)
  onProgress?.(total, total)
  return result
}

/** Without statistics, PostgreSQL would plan the first reports over a new history badly. */
async function gatherStatistics(client: pg.ClientBase): Promise<void> {
  // A small sample is enough until autovacuum takes its own.
  await transaction(client, { default_statistics_target: '20' }, () => client.query('analyze'))
}

/** @returns whether the business was new */
async function seedBusiness(
  client: pg.ClientBase,
  shop: Shop,
  { now, days = DAYS, scale = 1 }: SeedOptions,
  onOrders: (count: number) => void,
): Promise<boolean> {
  const { business } = shop
  return transaction(client, { ...BULK_SETTINGS, 'app.business_id': business.id }, async () => {
    await readZone(client, business.timezone)
    const written = await findWritten(client, shop)
    const firstDay = written?.firstDay ?? addDays(localDate(now, business.timezone), 1 - days)
    const calendar = createCalendar(business.timezone, firstDay)
    const window = { after: written?.until ?? new Date(calendar.start.getTime() - 1), until: now }
    if (window.after >= now) return false

    const catalogue = catalogueRows(business.id, business.taxRate, shop.catalogue, calendar.start)
    const people = customersUntil(shop, calendar.indexOf(now), scale)
    if (!written) await beginBusiness(client, shop, calendar, catalogue)
    // A history that an earlier version began has none.
    await copyRows(client, 'employee', employeeRows(business, calendar.start), 'on conflict do nothing')
    await copyRows(client, 'customer', customerRows(shop, calendar, people, window), 'on conflict do nothing')
    if (business.id === ESTUDIO_QUETZAL.id) await addProjects(client, calendar, people, window, !written)
    await addStock(client, shop, calendar, catalogue, window, !written)
    const inBulk = !written && (await suspendTriggers(client))
    for (const chapter of history(shop, calendar, catalogue.sold, people, window, scale, DAYS_PER_CHAPTER)) {
      onOrders(await addChapter(client, shop, inBulk ? { ...chapter, orders: withTotals(chapter) } : chapter))
    }
    if (inBulk) {
      // Statistics taken meanwhile know only the other businesses: a plan for no rows would take hours for this one.
      await client.query("set local enable_nestloop = 'off'")
      await client.query('select rebuild_rollups($1)', [business.id])
    }
    return !written
  })
}

/**
 * Switches triggers off for the rest of the transaction, so that the sums of the first history are computed once at the
 * end. Only a superuser can do this; otherwise the triggers keep the sums.
 */
async function suspendTriggers(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>("select current_setting('is_superuser') = 'on' as may")
  if (rows[0]?.may !== true) return false
  await client.query("set local session_replication_role = 'replica'")
  return true
}

async function transaction<T>(
  client: pg.ClientBase,
  settings: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  await client.query('begin')
  try {
    for (const entry of Object.entries(settings)) await client.query('select set_config($1, $2, true)', entry)
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    // The first error is the one that matters.
    await client.query('rollback').catch(() => {})
    throw error
  }
}

async function addUser(client: pg.ClientBase, user: DemoUser): Promise<void> {
  const createdAt = DEMO_MEMBERSHIPS.find(({ userId }) => userId === user.id)?.createdAt
  await client.query(
    `insert into app_user (id, firebase_uid, email, display_name, created_at) values ($1, $2, $3, $4, $5)
     on conflict (id) do nothing`,
    [user.id, user.uid, user.email, user.displayName, createdAt],
  )
}

/** What earlier calls wrote of a business: its first local day, and the instant of its last event. */
async function findWritten(
  client: pg.ClientBase,
  { business }: Shop,
): Promise<{ firstDay: string; until: Date } | undefined> {
  const { rows } = await client.query<{ start: Date; until: Date | null }>(
    `select created_at as start, greatest(
       (select max(created_at) from orders where business_id = $1 and created_by = $2 and opened_at >
         (select max(opened_at) from orders where business_id = $1 and created_by = $2) - interval '1 day'),
       (select max(created_at) from order_refund where business_id = $1 and created_by = $2),
       (select max(created_at) from inventory_movement where business_id = $1 and created_by = $2),
       (select max(created_at) from psa_time_entry where business_id = $1)) as until
     from business where id = $1`,
    [business.id, CREATED_BY],
  )
  const found = rows[0]
  if (!found) return undefined
  return { firstDay: localDate(found.start, business.timezone), until: found.until ?? found.start }
}

async function beginBusiness(
  client: pg.ClientBase,
  { business }: Shop,
  calendar: Calendar,
  catalogue: CatalogueRows,
): Promise<void> {
  const { id, name, currency, timezone, pricesIncludeTax, taxRate, locations } = business
  const own = { business_id: id, created_at: calendar.start }
  const memberships = DEMO_MEMBERSHIPS.filter(({ businessId }) => businessId === id)
  await copyRows(client, 'business', [
    {
      id,
      name,
      currency,
      timezone,
      prices_include_tax: pricesIncludeTax,
      tax_rate: taxRate,
      created_at: calendar.start,
    },
  ])
  await copyRows(
    client,
    'business_user',
    memberships.map(({ userId, role, createdAt }) => ({
      business_id: id,
      user_id: userId,
      role,
      created_at: createdAt,
    })),
  )
  await copyRows(
    client,
    'location',
    locations.map(({ id, name, address, city }) => ({ ...own, id, name, timezone, address, city })),
  )
  await copyRows(client, 'supplier', catalogue.suppliers)
  await copyRows(client, 'category', catalogue.categories)
  await copyRows(client, 'product', catalogue.products)
  await copyRows(client, 'product_variant', catalogue.variants)
}

async function addProjects(
  client: pg.ClientBase,
  calendar: Calendar,
  people: readonly Regular[],
  window: Window,
  isFirst: boolean,
): Promise<void> {
  const today = calendar.indexOf(isFirst ? window.until : window.after)
  if (isFirst) {
    const { boards, phases, steps } = boardRows(
      calendar,
      today,
      people.map(({ id }) => id),
    )
    await copyRows(client, 'psa_board', boards)
    await copyRows(client, 'psa_phase', phases)
    await copyRows(client, 'psa_step', steps)
  }
  await copyRows(client, 'psa_time_entry', timeEntries(calendar, today, window))
}

async function addStock(
  client: pg.ClientBase,
  shop: Shop,
  calendar: Calendar,
  catalogue: CatalogueRows,
  window: Window,
  isFirst: boolean,
): Promise<void> {
  const shelves = stockedShelves(shop, catalogue.sold)
  if (isFirst) {
    await copyRows(
      client,
      'inventory',
      shelves.map(({ settings }) => settings),
    )
  }
  await copyRows(client, 'inventory_movement', stockMovements(shop, calendar, shelves, window))
}

/**
 * Orders with the totals that otherwise triggers keep, so that the rebuild need not update each order. All lines of the
 * demo are sales.
 */
function withTotals({ orders, items }: Chapter): Chapter['orders'] {
  const linesOf = new Map<string, Chapter['items']>()
  for (const item of items) {
    const lines = linesOf.get(item.order_id)
    if (lines) lines.push(item)
    else linesOf.set(item.order_id, [item])
  }
  return orders.map((order) => {
    const lines = linesOf.get(order.id as string) ?? []
    const total = (of: (line: Chapter['items'][number]) => number) =>
      (lines.reduce((sum, line) => sum + of(line), 0) / TEN_THOUSAND).toFixed(4)
    const netSales = ({ gross_sales, discount }: Chapter['items'][number]) =>
      tenThousandths(gross_sales) - tenThousandths(discount)
    return {
      ...order,
      gross_sales: total(({ gross_sales }) => tenThousandths(gross_sales)),
      discounts: total(({ discount }) => tenThousandths(discount)),
      tax: total(({ tax }) => tenThousandths(tax)),
      cost: total(({ unit_cost, quantity }) =>
        Math.round((tenThousandths(unit_cost) * tenThousandths(quantity)) / TEN_THOUSAND),
      ),
      costed_net_sales: total((line) => (line.unit_cost === null ? 0 : netSales(line))),
      units_sold: total(({ quantity }) => tenThousandths(quantity)),
      sale_lines: lines.length,
    }
  })
}

const TEN_THOUSAND = 10_000
/** An amount as a whole number of the smallest stored unit: sums are exact, and faster than with decimals. */
function tenThousandths(amount: string | number | null | undefined): number {
  return Math.round(Number(amount ?? 0) * TEN_THOUSAND)
}

/** @returns the number of completed orders written */
async function addChapter(client: pg.ClientBase, { business }: Shop, chapter: Chapter): Promise<number> {
  await copyRows(client, 'orders', chapter.orders)
  await copyRows(client, 'order_item', chapter.items)
  await copyRows(client, 'order_payment', chapter.payments)

  // The user of the demo may already have refunded or cancelled the order.
  const { rows } = await client.query<{ id: string }>(
    `select id from orders o where business_id = $1 and id = any ($2) and status = 'completed'
     and not exists (select from order_refund r where r.business_id = o.business_id and r.order_id = o.id)`,
    [business.id, chapter.refunds.map(({ order_id }) => order_id)],
  )
  const refundable = new Set(rows.map(({ id }) => id))
  const isRefundable = ({ order_id }: { order_id: string }) => refundable.has(order_id)
  await copyRows(client, 'order_refund', chapter.refunds.filter(isRefundable))
  await copyRows(client, 'order_refund_line', chapter.refundLines.filter(isRefundable))
  return chapter.orders.filter(({ status }) => status === 'completed').length
}
