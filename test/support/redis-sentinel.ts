/** A real Redis behind Sentinels for the tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { freePort } from '../../embedded/postgres.ts'
import {
  connectTo,
  launchRedis,
  type RedisServer,
  type RedisServerOptions,
  startRedis,
} from '../../embedded/redis-server.ts'

export interface RedisSentinel {
  /** The first master, then its replicas. */
  readonly servers: RedisServer[]
  readonly sentinels: Pick<RedisServer, 'port' | 'pid' | 'stop' | 'kill'>[]
  /** `host:port` of every Sentinel, comma-separated. */
  readonly addresses: string
  /** The Sentinels' name of the master. */
  readonly name: string
  /** The server that a Sentinel regards as the master now. */
  master(): Promise<RedisServer>
  /** Makes a replica the master, as in planned maintenance; the old master becomes a replica. */
  failover(): Promise<void>
  stop(): Promise<void>
}

export interface RedisSentinelOptions extends Pick<RedisServerOptions, 'tls' | 'args'> {
  replicas?: number
  sentinels?: number
  /** Password of the servers' user `default`, if they require one. */
  password?: string
  /** Password of the Sentinels' user `default`. */
  sentinelPassword?: string
}

const NAME = 'mymaster'

/** Starts a master with replicas, and Sentinels that replace a master that is down for half a second. */
export async function startRedisSentinel(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  const { replicas = 1, sentinels: count = 3, password, sentinelPassword, tls } = options
  const servers: RedisServer[] = []
  const sentinels: RedisSentinel['sentinels'] = []
  const stop = async () => {
    await Promise.all([...sentinels, ...servers].map((server) => server.stop()))
  }

  const auth = password === undefined ? [] : ['--requirepass', password, '--masterauth', password]
  const args = [...auth, ...(tls === undefined ? [] : ['--tls-replication', 'yes'])]
  // The master need not wait for further replicas to ask for the data.
  args.push('--repl-diskless-sync-delay', '0', ...(options.args ?? []))
  try {
    const first = await startRedis({ ...options, args })
    servers.push(first)
    for (let i = 0; i < replicas; i++) {
      const follow = ['--replicaof', `127.0.0.1 ${first.port}`]
      servers.push(await startRedis({ ...options, args: [...args, ...follow] }))
    }
    // Sentinels query a master only every ten seconds, so the replicas must be there the first time.
    await until(async () => {
      const info = await ask(first.url, password, (client) => client.info('replication'))
      return info.split('state=online').length - 1 === replicas
    })
    for (let i = 0; i < count; i++) sentinels.push(await startSentinel(first.port, count, options))
    await Promise.all(
      sentinels.map(({ port }) =>
        until(async () => {
          const replicasSeen = await askSentinel(port, 'REPLICAS', NAME)
          const quorum = await askSentinel(port, 'CKQUORUM', NAME).catch(() => '')
          return (
            String(quorum).startsWith(`OK ${count} usable`) &&
            JSON.stringify(replicasSeen).split('"master-link-status","ok"').length - 1 === replicas
          )
        }),
      ),
    )
  } catch (error) {
    await stop()
    throw error
  }

  async function master(): Promise<RedisServer> {
    for (const { port } of sentinels) {
      const address = (await askSentinel(port, 'GET-MASTER-ADDR-BY-NAME', NAME).catch(() => null)) as string[] | null
      const found = servers.find((server) => String(server.port) === address?.[1])
      if (found) return found
    }
    throw new Error('no Sentinel knows the master')
  }

  function askSentinel(port: number, ...command: string[]): Promise<unknown> {
    const url = `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`
    return ask(url, sentinelPassword, (client) => client.call('SENTINEL', ...command))
  }

  return {
    servers,
    sentinels,
    addresses: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(),
    name: NAME,
    master,
    async failover() {
      const before = await master()
      await askSentinel(sentinels[0]?.port as number, 'FAILOVER', NAME)
      await until(async () => (await master()) !== before)
    },
    stop,
  }
}

async function startSentinel(masterPort: number, count: number, options: RedisSentinelOptions) {
  const { tls, password, sentinelPassword } = options
  const port = await freePort()
  const dir = await mkdtemp(join(tmpdir(), 'flowpos-sentinel-'))
  const lines = [
    ...(tls === undefined
      ? [`port ${port}`]
      : ['port 0', `tls-port ${port}`, 'tls-auth-clients no', 'tls-replication yes'].concat([
          `tls-cert-file ${tls.certFile}`,
          `tls-key-file ${tls.keyFile}`,
          `tls-ca-cert-file ${tls.certFile}`,
        ])),
    'bind 127.0.0.1',
    `dir ${dir}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${Math.floor(count / 2) + 1}`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 3000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${NAME} ${password}`]),
    ...(sentinelPassword === undefined
      ? []
      : [`requirepass ${sentinelPassword}`, `sentinel sentinel-pass ${sentinelPassword}`]),
  ]
  const file = join(dir, 'sentinel.conf')
  await writeFile(file, `${lines.join('\n')}\n`)
  const sentinel = await launchRedis([file, '--sentinel'], /\+monitor master/, () =>
    rm(dir, { recursive: true, force: true }),
  )
  return { port, ...sentinel }
}

async function ask<T>(url: string, password: string | undefined, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = connectTo(url, password)
  // The caller learns of a failure from the answer.
  client.on('error', () => {})
  try {
    return await question(client)
  } finally {
    client.disconnect()
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('the Sentinels do not agree')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
