import { Redis } from 'ioredis'
import pg from 'pg'
import { CAFE_NONO, ESTUDIO_QUETZAL, MARCO } from '../demo/data/directory.ts'
import { loadTools } from '../plugins/mcp/registry.ts'
import { buildServers } from './speed/build.ts'
import { messageOf } from './speed/cases.ts'
import { headersOf, initialize, post } from './speed/client.ts'
import { countTrips, type RoundTrips } from './speed/record.ts'
import { roundTripTable } from './speed/report.ts'
import { startServer } from './speed/server-process.ts'
import { startStatementRecorder } from './speed/statement-recorder.ts'
import { makeWorld } from './speed/world.ts'

const MOST_OF_A_READ = { redisCommands: 1, postgres: 2 }

type Args = Record<string, unknown>
type Call = (tool: string, args?: Args) => Promise<Record<string, unknown>>

/**
 * Counts the round trips of each tool to PostgreSQL and Redis, for one call in a session; writes are dry runs.
 * @throws Error naming the reads that take more than two round trips to PostgreSQL or one command to Redis
 */
export async function bench(): Promise<void> {
  process.once('SIGINT', () => process.exit(130))
  const world = await makeWorld(0)
  const built = await buildServers()
  const redis = new Redis(world.redisUrl)
  const recorder = await startStatementRecorder(world.env.DATABASE_URL as string)
  const server = await startServer(built.service, built.probe, { ...world.env, DATABASE_URL: recorder.url })
  try {
    await joinAgency(world.ownerUrl)
    const headers = headersOf(world.token, await initialize(server.url, world.token))
    const ask = async (tool: string, args: Args = {}) => {
      const params = { name: tool, arguments: { businessId: CAFE_NONO.id, ...args } }
      const { text } = await post(server.url, headers, messageOf({ method: 'tools/call', params }, 1))
      const { result } = JSON.parse(text) as { result: { isError?: boolean; structuredContent: Args } }
      if (result.isError) throw new Error(`${tool} ${JSON.stringify(args)}: ${text}`)
      return { text, data: result.structuredContent }
    }
    const calls = await callsOf(async (tool, args) => (await ask(tool, args)).data)
    const trips: Record<string, RoundTrips> = {}
    const tooMany: string[] = []
    for (const tool of await loadTools()) {
      if (tool.kind === 'context') continue
      const args = calls[tool.name] ?? {}
      const rehearsal = tool.mode === 'write' ? { dryRun: true } : {}
      const counted = await countTrips(() => ask(tool.name, { ...args, ...rehearsal }), recorder, redis)
      trips[tool.name] = counted.trips
      const { redisCommands, postgres } = counted.trips
      // It leaves a link in Redis.
      const links = tool.name === 'export_data' ? 1 : 0
      const isBeyond = redisCommands > MOST_OF_A_READ.redisCommands + links || postgres > MOST_OF_A_READ.postgres
      if (tool.mode === 'read' && isBeyond) tooMany.push(tool.name)
    }
    console.log(roundTripTable(trips))
    if (tooMany.length > 0) throw new Error(`more than a read may take: ${tooMany.join(', ')}`)
  } finally {
    await server.stop()
    recorder.stop()
    redis.disconnect()
    await built.remove()
    await world.stop()
  }
}

/** Only the agency has boards, so the owner of the cafés joins it as an owner. */
async function joinAgency(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  await client.query("insert into business_user (business_id, user_id, role) values ($1, $2, 'owner')", [
    ESTUDIO_QUETZAL.id,
    MARCO.id,
  ])
  await client.end()
}

/** A call of each tool for one business with a meaningful result; the agency's for boards. */
async function callsOf(call: Call): Promise<Record<string, Args>> {
  const [first, second] = CAFE_NONO.locations
  const agency = { businessId: ESTUDIO_QUETZAL.id }
  const window = { preset: 'last_30_days' }
  const product = firstOf(await call('get_inventory', { limit: 1 }), 'stock', 'SKU')
  const order = firstOf(await call('list_orders', { limit: 1 }), 'orders', 'order')
  const client = firstOf(await call('list_clients', { limit: 1 }), 'clients', 'code')
  const [board] = (await call('list_psa_boards', { ...agency, limit: 1 })).boards as { id: string }[]
  const compared = { ...window, compare: 'both' }
  return {
    adjust_inventory: { product, locationId: first?.id, change: '1' },
    cancel_order: { order, reason: 'mistake' },
    create_client: { name: 'New client' },
    create_order: { items: [{ product, quantity: '1' }], locationId: first?.id },
    create_product: { name: 'New product', sku: 'NEW-1', price: '1' },
    export_data: { what: 'list_orders' },
    get_client: { client },
    get_order: { order },
    get_product: { product },
    get_psa_board: { ...agency, board: board?.id },
    get_psa_time_report: { ...agency, ...window },
    get_sales_by_category: compared,
    get_sales_by_location: compared,
    get_sales_by_payment_method: window,
    get_sales_report: compared,
    get_tax_report: window,
    get_top_products: compared,
    list_psa_boards: agency,
    list_psa_steps: agency,
    refund_order: { order, reason: 'returned' },
    summarize_period: window,
    transfer_inventory: {
      fromLocationId: first?.id,
      toLocationId: second?.id,
      items: [{ product, quantity: '1' }],
    },
    update_client: { client, name: 'Other name' },
    update_product: { variant: product, name: 'Other name' },
  }
}

/** A cell of the first row of a compact list; what all rows have stands beside them. */
function firstOf(data: Record<string, unknown>, list: string, column: string): string {
  const {
    columns,
    same,
    [list]: rows,
  } = data as {
    columns: string[]
    same: Record<string, string>
    [list: string]: unknown
  }
  const cell = same[column] ?? (rows as string[][])[0]?.[columns.indexOf(column)]
  if (cell === undefined) throw new Error(`no ${column} in the first of ${list}: ${columns.join(', ')}`)
  return cell
}
