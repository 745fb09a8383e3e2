import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { openPostgres } from '../embedded/postgres.ts'
import { SERVICE_ROLE } from '../src/database/pool.ts'
import { addDays, localDate } from '../src/time/local.ts'
import { copyShops, makeShop, shopId, TIMEZONE } from './market.ts'
import { NAIVE } from './naive.ts'
import { createBenchDatabase, timedTools } from './timed-tools.ts'

const USAGE = 'npm run bench -- reports [--orders 5000000] [--data-dir FOLDER]'
const SHARE = 20
// The fastest round counts, because anything else on the machine can only add time.
const ROUNDS = 15
const NAIVE_ROUNDS = 3
// For a smaller table, a sequential scan is the right choice.
const SMALL = 1000
// A shop with 600 sales a day and 1,000 selling SKUs, and one with 20,000 SKUs in stock; all others copy the first.
const MADE = [
  { skus: 4000, selling: 1000 },
  { skus: 20_000, selling: 20_000 },
]

/**
 * Measures what a year's reports cost in the database, compared with the same sums from raw rows. Each shop has a
 * twentieth of all orders; the tables hold first a fifth of the shops, then all. It uses a database of its own.
 */
export async function bench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      orders: { type: 'string', default: '5000000' },
      'data-dir': { type: 'string', default: path.join(os.tmpdir(), 'flowpos-bench') },
    },
  })
  const total = Number(values.orders)
  if (!Number.isInteger(total) || total < 1000) throw new Error(USAGE)
  const perShop = Math.round(total / SHARE)

  const server = await openPostgres({ dataDir: values['data-dir'], durable: false })
  try {
    const url = server.url('bench')
    await createBenchDatabase(server.url('postgres'), url)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const results: Row[][] = []
    client.on('error', () => {})
    await client.query("alter system set max_wal_size = '16GB'")
    await client.query('select pg_reload_conf()')
    for (const share of [SHARE / 5, SHARE]) {
      await fill(client, url, share, perShop)
      results.push(await measure(url, client, share === SHARE))
    }
    await client.end()
    report(results, total)
  } finally {
    await server.stop()
  }
}

/** Adds shops up to a number; those from an earlier run stay. */
async function fill(client: pg.Client, url: string, shops: number, orders: number): Promise<void> {
  const { rows } = await client.query<{ shops: number }>('select count(*)::integer as shops from business')
  const there = rows[0]?.shops ?? 0
  const started = performance.now()
  for (const [index, size] of MADE.entries()) {
    if (index >= there) await makeShop(client, index + 1, { orders, customers: 5000, ...size })
  }
  const first = Math.max(there, MADE.length) + 1
  if (first <= shops) await copyShops(url, 1, first, shops)
  await client.query('vacuum analyze')
  console.error(`${shops} shops of ${orders} orders: ${Math.round((performance.now() - started) / 1000)} s`)
}

interface Row {
  tool: string
  databaseMs: number
  /** Of the connection's process; NaN where the system does not tell it. */
  cpuMs: number
  naiveMs: number
  rowsRead: number
  naiveRowsRead: number
  /** Scans that do not begin with the business. */
  foreign: string[]
}

/** @param withNaive whether to sum the raw rows as well, which takes a while */
async function measure(url: string, superuser: pg.Client, withNaive: boolean): Promise<Row[]> {
  const now = new Date()
  const tools = await timedTools(url, now)
  const to = addDays(localDate(now, TIMEZONE), -1)
  const year = { from: addDays(to, -364), to }
  const calls = [
    { tool: 'summarize_day', shop: 1, args: { date: to } },
    { tool: 'summarize_period', shop: 1, args: year },
    { tool: 'get_top_products', shop: 1, args: { ...year, limit: 10 } },
    { tool: 'get_inventory_health', shop: 2, args: {} },
    { tool: 'get_reorder_list', shop: 2, args: { limit: 100 } },
  ]

  const rows: Row[] = []
  for (const { tool, shop, args } of calls) {
    const naive = NAIVE[tool]
    if (naive === undefined) throw new Error(`no query for ${tool}`)
    const calls = []
    for (let round = 0; round < ROUNDS; round++) {
      const before = await tools.cpuMs()
      const call = await tools.call(tool, args, shop)
      calls.push({ ...call, cpuMs: (await tools.cpuMs()) - before })
    }
    const { queries } = calls[0] as (typeof calls)[number]
    const plans: Plan[] = []
    for (const { sql, parameters } of queries) plans.push((await explain(superuser, shop, sql, [...parameters])).plan)
    let naiveMs = 0
    let naiveRowsRead = 0
    for (const sql of withNaive ? naive : []) {
      const rounds = []
      for (let round = 0; round < NAIVE_ROUNDS; round++) {
        rounds.push(await explain(superuser, shop, sql, [year.from, to]))
      }
      naiveMs += Math.min(...rounds.map(({ ms }) => ms))
      naiveRowsRead += rowsOf((rounds[0] as { plan: Plan }).plan)
    }
    rows.push({
      tool,
      databaseMs: Math.min(...calls.map(({ ms }) => ms)),
      cpuMs: Math.min(...calls.map(({ cpuMs }) => cpuMs)),
      naiveMs,
      rowsRead: plans.reduce((sum, plan) => sum + rowsOf(plan), 0),
      naiveRowsRead,
      foreign: plans.flatMap(foreignScans),
    })
  }
  await tools.close()
  return rows
}

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  'Index Cond'?: string
  'Recheck Cond'?: string
  Plans?: Plan[]
}

/** Runs a query as the service does, under row-level security, and returns what it cost. */
async function explain(client: pg.Client, shop: number, sql: string, parameters: unknown[]) {
  const id = shopId(shop)
  await client.query(`begin; set local role ${SERVICE_ROLE}; select set_config('app.business_id', '${id}', true)`)
  const { rows } = await client.query(`explain (analyze, timing off, format json) ${sql}`, parameters)
  await client.query('rollback')
  const [{ Plan: plan, 'Execution Time': ms }] = rows[0]['QUERY PLAN']
  return { plan, ms } as { plan: Plan; ms: number }
}

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

function rowsOf(plan: Plan): number {
  return nodesOf(plan)
    .filter((node) => node['Relation Name'] !== undefined)
    .reduce((sum, node) => {
      const once =
        node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
      return sum + Math.round(once * node['Actual Loops'])
    }, 0)
}

/** Scans of a table that do not start from the business, and could therefore read rows of others. */
function foreignScans(plan: Plan): string[] {
  return nodesOf(plan)
    .filter((node) => node['Relation Name'] !== undefined && rowsOf({ ...node, Plans: [] }) >= SMALL)
    .filter((node) => !/business_id/.test(node['Index Cond'] ?? node['Recheck Cond'] ?? ''))
    .map((node) => `${node['Node Type']} on ${node['Relation Name']}`)
}

function report([few = [], all = []]: Row[][], total: number): void {
  console.log(
    `Shops with ${total / SHARE} orders of 400 days, the last two tools in one with 20,000 SKUs; database time and CPU in ms, the least of ${ROUNDS}.\n`,
  )
  console.log(
    `| tool | at ${total / 5} orders | rows read | at ${total} | CPU | rows read | naive ms | naive rows | ratio |`,
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  for (const [index, row] of all.entries()) {
    const before = few[index] as Row
    const cells = [
      row.tool,
      before.databaseMs.toFixed(1),
      before.rowsRead,
      row.databaseMs.toFixed(1),
      row.cpuMs.toFixed(1),
      row.rowsRead,
      row.naiveMs.toFixed(0),
      row.naiveRowsRead,
      `${(row.naiveMs / row.databaseMs).toFixed(0)}×`,
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
  const foreign = [...new Set(all.flatMap((row) => row.foreign))]
  console.log(`\nScans that are not led by the business: ${foreign.length === 0 ? 'none' : foreign.join(', ')}`)
}
