/** A real Redis Cluster for the tests. */
import type { Redis } from 'ioredis'
import { freePort } from '../../embedded/postgres.ts'
import { connectTo, type RedisServer, type RedisServerOptions, startRedis } from '../../embedded/redis-server.ts'

export interface RedisCluster {
  /** The masters in the order of their slots, then the first replica of each, then the second. */
  readonly nodes: RedisServer[]
  /** `host:port` of every node, comma-separated. */
  readonly addresses: string
  stop(): Promise<void>
}

export interface RedisClusterOptions extends Pick<RedisServerOptions, 'tls' | 'args'> {
  masters?: number
  /** Replicas per master. */
  replicas?: number
  /** Password of the user `default`, if the nodes require one. */
  password?: string
}

const SLOTS = 16384

/** Starts a Cluster on 127.0.0.1 without persistence; a node that is down for half a second counts as failed. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 0, password } = options
  const nodes: RedisServer[] = []
  const clients: Redis[] = []
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  }

  try {
    const busPorts: number[] = []
    for (let i = 0; i < masters * (1 + replicas); i++) {
      const busPort = await freePort()
      busPorts.push(busPort)
      nodes.push(await startRedis({ ...options, args: [...nodeArgs(busPort, options), ...(options.args ?? [])] }))
    }
    clients.push(...nodes.map(({ url }) => connectTo(url, password)))
    await Promise.all(
      clients.map(async (client, i) => {
        // Nodes that start with different epochs need not negotiate them.
        await client.cluster('SET-CONFIG-EPOCH', i + 1)
        if (i >= masters) return
        const from = Math.floor((i * SLOTS) / masters)
        const to = Math.floor(((i + 1) * SLOTS) / masters) - 1
        await client.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
      }),
    )
    const [first, ...others] = clients as [Redis, ...Redis[]]
    await Promise.all(
      others.map((_, i) =>
        first.call('CLUSTER', 'MEET', '127.0.0.1', String(nodes[i + 1]?.port), String(busPorts[i + 1])),
      ),
    )
    await until(clients, async (client) => (await info(client)).includes(`cluster_known_nodes:${nodes.length}`))
    const ids = await Promise.all(clients.map((client) => client.cluster('MYID')))
    await Promise.all(
      clients.slice(masters).map((client, i) => client.call('CLUSTER', 'REPLICATE', ids[i % masters] as string)),
    )
    await until(clients, async (client) => (await info(client)).includes('cluster_state:ok'))
    // A replica can take over only once it has its master's data and every master knows about it.
    await until(clients, async (client) => {
      const shards = (await client.cluster('SLOTS')) as unknown[][]
      return shards.length === masters && shards.every((shard) => shard.length === 3 + replicas)
    })
    await until(clients.slice(masters), async (client) =>
      (await client.info('replication')).includes('master_link_status:up'),
    )
  } catch (error) {
    await stop()
    throw error
  } finally {
    for (const client of clients) client.disconnect()
  }
  return { nodes, addresses: nodes.map(({ port }) => `127.0.0.1:${port}`).join(), stop }
}

function nodeArgs(busPort: number, { password, tls }: RedisClusterOptions): string[] {
  const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '500']
  // Replicas get their data without a delay, and count as soon as they have heard from their master.
  args.push('--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1')
  if (password !== undefined) args.push('--requirepass', password, '--masterauth', password)
  if (tls !== undefined) args.push('--tls-cluster', 'yes', '--tls-replication', 'yes')
  return args
}

function info(client: Redis): Promise<string> {
  return client.cluster('INFO') as Promise<string>
}

async function until(clients: Redis[], holds: (client: Redis) => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    if ((await Promise.all(clients.map(holds))).every(Boolean)) return
    if (Date.now() > deadline) throw new Error('the nodes of the Cluster do not agree')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
