import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { openPostgres } from '../embedded/postgres.ts'
import { loadTools } from '../plugins/mcp/registry.ts'
import type { Principal } from '../src/auth/principal.ts'
import { SCOPES } from '../src/auth/scopes.ts'
import { createDatabase } from '../src/database/database.ts'
import { migrate } from '../src/database/migrate.ts'
import type { AnsweredQuery } from '../src/database/pipelined.ts'
import { createKysely, createPool, SERVICE_ROLE } from '../src/database/pool.ts'
import { createRegistry } from '../src/mcp/registry.ts'
import { runTool } from '../src/mcp/run-tool.ts'
import { addDays, localDate } from '../src/time/local.ts'
import { copyShops, makeShop, shopId } from './market.ts'
import { NAIVE } from './naive.ts'

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
    const url = await createDatabaseOf(server.url('postgres'), server.url('bench'))
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

async function createDatabaseOf(adminUrl: string, url: string): Promise<string> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  const { rowCount } = await admin.query("select from pg_database where datname = 'bench'")
  if (rowCount === 0) await admin.query('create database bench')
  await admin.end()
  const owner = createKysely(createPool(url, { size: 1 }))
  await migrate(owner).finally(() => owner.destroy())
  return url
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
  /** Of the connection's process; null where Linux does not tell it. */
  cpuMs: number | null
  naiveMs: number
  rowsRead: number
  naiveRowsRead: number
  /** Scans that do not begin with the business. */
  foreign: string[]
}

/** @param withNaive whether to sum the raw rows as well, which takes a while */
async function measure(url: string, superuser: pg.Client, withNaive: boolean): Promise<Row[]> {
  const queries: AnsweredQuery[] = []
  const log = (query: AnsweredQuery) => {
    if (/^\s*(select|with)/i.test(query.sql) && !query.sql.includes('set_config')) queries.push(query)
  }
  const pool = createPool(url, { size: 1, role: SERVICE_ROLE })
  const database = createDatabase(pool, { log })
  const registry = createRegistry(await loadTools())
  const now = new Date()
  const timezone = 'America/Guatemala'
  await database.readZone(timezone)
  const to = addDays(localDate(now, timezone), -1)
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
    const business = {
      id: shopId(shop),
      name: `Shop ${shop}`,
      timezone,
      currency: 'GTQ',
      currencyDigits: 2,
      role: 'owner',
    }
    const principal: Principal = {
      kind: 'api_key',
      role: 'merchant',
      ref: 'key:bench',
      userId: null,
      credentialId: business.id,
      grantedScopes: SCOPES,
      clientData: true,
      businesses: [business],
      defaultBusinessId: business.id,
      expiresAt: null,
    }
    const registered = registry.find(principal, tool)
    const naive = NAIVE[tool]
    if (registered === undefined || naive === undefined) throw new Error(`no tool ${tool}`)
    const costs: number[] = []
    const cpu: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      queries.length = 0
      // The pool has one connection, but may have made it anew.
      const { rows: own } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
      const pid = own[0]?.pid ?? 0
      const before = await cpuOf(pid)
      await runTool(registered, args, {
        principal,
        now,
        requestId: 'bench',
        hints: {},
        database,
        findTenant: async () => null,
        chooseBusiness: async () => {},
      })
      costs.push(timeUnderWay(queries))
      // The transaction ends after the answer.
      await pool.query('select')
      cpu.push((await cpuOf(pid)) - before)
    }
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
      databaseMs: Math.min(...costs),
      cpuMs: cpu.some(Number.isFinite) ? Math.min(...cpu.filter(Number.isFinite)) : null,
      naiveMs,
      rowsRead: plans.reduce((sum, plan) => sum + rowsOf(plan), 0),
      naiveRowsRead,
      foreign: plans.flatMap(foreignScans),
    })
  }
  await pool.end()
  return rows
}

/** The CPU time of a process so far, in milliseconds, which other work on the machine hardly changes. */
async function cpuOf(pid: number): Promise<number> {
  // https://docs.kernel.org/scheduler/sched-stats.html: nanoseconds on a processor
  const text = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => 'NaN')
  return Number(text.split(' ')[0]) / 1e6
}

/** The time during which any query was under way, in milliseconds: queries sent together wait for each other. */
function timeUnderWay(queries: readonly AnsweredQuery[]): number {
  let total = 0
  let end = 0
  for (const { from, until } of queries.toSorted((a, b) => a.from - b.from)) {
    total += Math.max(0, until - Math.max(from, end))
    end = Math.max(end, until)
  }
  return total
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
      row.cpuMs?.toFixed(1) ?? '–',
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
