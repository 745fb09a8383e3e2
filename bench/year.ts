import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { openPostgres } from '../embedded/postgres.ts'
import { ServiceError } from '../src/errors.ts'
import { contentOf } from '../src/exports/pages.ts'
import { readContext } from '../src/mcp/run-tool.ts'
import type { BusinessTool } from '../src/mcp/tool.ts'
import { DIMENSIONS } from '../src/pos/reports/dimensions.ts'
import { addDays, localDate } from '../src/time/local.ts'
import { copyLocation, makeShop, shopId, TIMEZONE } from './market.ts'
import { createBenchDatabase, type TimedTools, timedTools } from './timed-tools.ts'

const USAGE = 'npm run bench -- year [--orders 5000000] [--only TEXT[,TEXT]] [--cpu] [--data-dir FOLDER]'
const LOCATIONS = 5
const OF_LOCATION = { skus: 500, selling: 500, customers: 4000, employees: 4, days: 3 * 365 }
// The fastest round counts, because anything else on the machine can only add time.
const ROUNDS = 3
const MOST_MS = 200
const SLOWEST = 10

/**
 * Measures what questions about a year cost in the database, for a business with five locations and three years of
 * sales, and for one with a fifth of these sales beside it. It uses a database of its own. On a busy Linux, --cpu
 * measures the CPU time of the server process, without parallel workers, in place of the time that passes.
 */
export async function bench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      orders: { type: 'string', default: '5000000' },
      only: { type: 'string', default: '' },
      cpu: { type: 'boolean', default: false },
      'data-dir': { type: 'string', default: path.join(os.tmpdir(), 'flowpos-bench-year') },
    },
  })
  const total = Number(values.orders)
  if (!Number.isInteger(total) || total < 1000) throw new Error(USAGE)
  const sizes = [Math.round(total / 5), total]

  const server = await openPostgres({ dataDir: values['data-dir'], durable: false })
  try {
    const url = server.url('bench')
    await createBenchDatabase(server.url('postgres'), url)
    await fill(url, sizes)
    const now = new Date()
    if (values.cpu) await quiet(url)
    const tools = await timedTools(url, now)
    const results: Result[] = []
    const isAsked = ({ name }: Question) => values.only.split(',').some((text) => name.includes(text))
    for (const question of questionsOf(now).filter(isAsked)) {
      const measure = (shop: number) => cost(tools, question, shop, now, values.cpu)
      const result = { ...question, few: await measure(1), many: await measure(2) }
      console.error(rowOf(result))
      results.push(result)
    }
    await tools.close()
    report(results, sizes)
  } finally {
    await server.stop()
  }
}

/** Makes the businesses that an earlier run has not made. */
async function fill(url: string, sizes: readonly number[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  await client.query("alter system set max_wal_size = '16GB'")
  await client.query('select pg_reload_conf()')
  for (const [index, orders] of sizes.entries()) {
    const { rowCount } = await client.query('select from business where id = $1', [shopId(index + 1)])
    if (rowCount !== 0) continue
    const started = performance.now()
    await makeShop(client, index + 1, { orders: Math.round(orders / LOCATIONS), ...OF_LOCATION })
    await copyLocation(url, index + 1, LOCATIONS)
    await client.query('vacuum analyze')
    console.error(`${orders} orders: ${Math.round((performance.now() - started) / 1000)} s`)
  }
  await client.end()
}

/** A query then runs in one process. */
async function quiet(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('alter database bench set max_parallel_workers_per_gather = 0')
  await client.end()
}

interface Question {
  name: string
  kind: 'one' | 'pair' | 'other'
  tool: string
  args: Record<string, unknown>
  /** Whether the first page of its file is meant. */
  isFile?: boolean
}

interface Result extends Question {
  few: number | string
  many: number | string
}

function questionsOf(now: Date): Question[] {
  const to = addDays(localDate(now, TIMEZONE), -1)
  const year = { from: addDays(to, -364), to }
  const report = (kind: Question['kind'], groupBy: string[], more: Record<string, unknown> = {}): Question => ({
    name: ['by', groupBy.join(' and '), ...Object.entries(more).map(([key, value]) => `${key} ${value}`)].join(' '),
    kind,
    tool: 'get_sales_report',
    args: { ...year, groupBy, ...more },
  })
  const other = (tool: string, args: Record<string, unknown>, isFile = false): Question => ({
    name: `${tool}${Object.entries(args).map(([key, value]) => ` ${key} ${value}`)}${isFile ? ', first page of the file' : ''}`,
    kind: 'other',
    tool,
    args: tool === 'list_orders' || tool === 'get_top_products' ? { ...year, ...args } : args,
    isFile,
  })
  const filters = [
    ...['category=Category 7', 'product=SKU-3', 'client=C-5', 'city=City 4', 'employee=2', 'payment_method=cash'],
    ...['order_type=dine_in', 'tax_rate=12', 'discounted=yes', 'hour=17-20', 'weekday=Sat-Sun', 'location=Shop-2'],
  ]
  return [
    ...DIMENSIONS.map((each) => report('one', [each])),
    ...DIMENSIONS.flatMap((first, index) =>
      DIMENSIONS.slice(index + 1).map((second) => report('pair', [first, second])),
    ),
    ...filters.map((filter) => report('other', ['month'], { filters: [filter], compare: 'year' })),
    report('other', ['weekday', 'hour'], { filters: ['employee=2', 'location=Shop-2'], compare: 'both' }),
    report('other', ['week', 'category'], { filters: ['location=Shop-2'] }),
    other('get_top_products', { limit: 10, compare: 'year' }),
    other('summarize_period', { preset: 'this_year' }),
    other('summarize_day', { date: to }),
    other('get_client_health', {}),
    ...[{}, { status: 'completed' }, { product: 'SKU-400' }, { product: 'SKU-1' }, { employee: '2' }].map((args) =>
      other('list_orders', args),
    ),
    ...[{ clientId: 'C-5' }, { paymentMethod: 'cash' }, { minTotal: '900' }, { discounted: true }].map((args) =>
      other('list_orders', args),
    ),
    ...[{ search: 'N-12345' }, { sort: 'total' }].map((args) => other('list_orders', args)),
    other('get_bought_together', { preset: 'last_30_days' }),
    other('get_bought_together', { ...year, product: 'SKU-400' }),
    other('list_orders', { status: 'completed' }, true),
    other('list_clients', {}, true),
  ]
}

/** The database time of a question in milliseconds, or what it is refused with. */
async function cost(tools: TimedTools, { tool, args, isFile }: Question, shop: number, now: Date, isCpu: boolean) {
  const passed = async () => (isFile ? filePage(tools, tool, args, shop, now) : (await tools.call(tool, args, shop)).ms)
  const once = async () => {
    const before = isCpu ? await tools.cpuMs() : 0
    const ms = await passed()
    return isCpu ? (await tools.cpuMs()) - before : ms
  }
  let fastest = Number.POSITIVE_INFINITY
  try {
    for (let round = 0; round < ROUNDS; round++) {
      fastest = Math.min(fastest, await once())
      // Whatever takes seconds is told well enough by one round.
      if (fastest > 10 * MOST_MS) break
    }
  } catch (error) {
    if (error instanceof ServiceError) return error.message
    throw error
  }
  return fastest
}

/** The time until the first rows of a file can be sent, in milliseconds. */
async function filePage(tools: TimedTools, name: string, args: Record<string, unknown>, shop: number, now: Date) {
  const principal = tools.ownerOf(shop)
  const registered = tools.registry.find(principal, name)
  const [business] = principal.businesses
  if (registered === undefined || business === undefined) throw new Error(`no tool ${name}`)
  const tool = registered.tool as BusinessTool
  const started = performance.now()
  await tools.database.within({ businessId: business.id }, 'read', async (db) => {
    const context = readContext(tool, business, db, { principal, now }, true)
    await contentOf(tool, registered.checkArguments(args) as Record<string, unknown>, context, () => {})
  })
  return performance.now() - started
}

function rowOf({ name, few, many }: Result): string {
  const say = (cost: number | string) => (typeof cost === 'number' ? cost.toFixed(0) : 'refused')
  return `| ${name} | ${say(few)} | ${say(many)} |`
}

function report(results: readonly Result[], [few = 0, many = 0]: readonly number[]): void {
  const isAnswered = ({ many }: Result) => typeof many === 'number'
  const head = ['', `| question | at ${few} orders, ms | at ${many}, ms |`, '|---|---|---|']
  const pairs = results.filter(({ kind }) => kind === 'pair')
  const slowest = pairs.filter(isAnswered).sort((a, b) => Number(b.many) - Number(a.many))
  const over = results.filter(({ many }) => Number(many) > MOST_MS)
  console.log(`A year of three, the quickest of ${ROUNDS}.`)
  console.log([...head, ...results.filter(({ kind }) => kind === 'one').map(rowOf)].join('\n'))
  console.log(`\n${pairs.length} pairs, ${pairs.length - slowest.length} of them refused; the slowest:`)
  console.log([...head, ...slowest.slice(0, SLOWEST).map(rowOf)].join('\n'))
  console.log([...head, ...results.filter(({ kind }) => kind === 'other').map(rowOf)].join('\n'))
  console.log(`\nAbove ${MOST_MS} ms: ${over.length === 0 ? 'none' : over.map(({ name }) => name).join('; ')}`)
  console.log(
    `\nRefused:\n${pairs
      .filter((each) => !isAnswered(each))
      .map(rowOf)
      .join('\n')}`,
  )
}
