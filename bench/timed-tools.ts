import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { loadTools } from '../plugins/mcp/registry.ts'
import type { Principal } from '../src/auth/principal.ts'
import { SCOPES } from '../src/auth/scopes.ts'
import { createDatabase, type Database } from '../src/database/database.ts'
import { migrate } from '../src/database/migrate.ts'
import type { AnsweredQuery } from '../src/database/pipelined.ts'
import { createKysely, createPool, SERVICE_ROLE } from '../src/database/pool.ts'
import { createRegistry, type Registry } from '../src/mcp/registry.ts'
import { runTool } from '../src/mcp/run-tool.ts'
import { shopId, TIMEZONE } from './market.ts'

/** Makes a database with the tables of the service, unless it is there. */
export async function createBenchDatabase(adminUrl: string, url: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  const { rowCount } = await admin.query("select from pg_database where datname = 'bench'")
  if (rowCount === 0) await admin.query('create database bench')
  await admin.end()
  const owner = createKysely(createPool(url, { size: 1 }))
  await migrate(owner).finally(() => owner.destroy())
}

/** Tools as an owner's assistant calls them, on one connection, with the queries of each call. */
export interface TimedTools {
  database: Database
  registry: Registry
  /** Whoever may read everything of a shop. */
  ownerOf(shop: number): Principal
  /**
   * Calls a tool.
   * @returns the database time in milliseconds, and the queries
   * @throws ServiceError as the tool does
   */
  call(tool: string, args: Record<string, unknown>, shop: number): Promise<{ ms: number; queries: AnsweredQuery[] }>
  /** The CPU time in milliseconds that the connection's server process has used; NaN where the system does not tell. */
  cpuMs(): Promise<number>
  close(): Promise<void>
}

/** @param now the time of the calls */
export async function timedTools(url: string, now: Date): Promise<TimedTools> {
  const queries: AnsweredQuery[] = []
  const log = (query: AnsweredQuery) => {
    if (/^\s*(select|with)/i.test(query.sql) && !query.sql.includes('set_config')) queries.push(query)
  }
  const pool = createPool(url, { size: 1, role: SERVICE_ROLE })
  const database = createDatabase(pool, { log })
  const registry = createRegistry(await loadTools())
  await database.readZone(TIMEZONE)
  const ownerOf = (shop: number): Principal => {
    const business = {
      id: shopId(shop),
      name: `Shop ${shop}`,
      timezone: TIMEZONE,
      currency: 'GTQ',
      currencyDigits: 2,
      role: 'owner',
    }
    return {
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
  }
  return {
    database,
    registry,
    ownerOf,
    async call(tool, args, shop) {
      const principal = ownerOf(shop)
      const registered = registry.find(principal, tool)
      if (registered === undefined) throw new Error(`no tool ${tool}`)
      queries.length = 0
      await runTool(registered, args, {
        principal,
        now,
        requestId: 'bench',
        hints: {},
        database,
        findTenant: async () => null,
        chooseBusiness: async () => {},
      })
      return { ms: timeUnderWay(queries), queries: [...queries] }
    },
    async cpuMs() {
      // The pool has one connection, but may have made it anew; the transaction of a call ends after its answer.
      const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
      return cpuOf((rows[0] as { pid: number }).pid)
    },
    close: () => pool.end(),
  }
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
