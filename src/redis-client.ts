import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { type Config, listOf } from './config.ts'

const CONNECT_TIMEOUT_MS = 2000
/** How long a connection may be silent while commands are under way, before it counts as lost. */
const SILENCE_TIMEOUT_MS = 2000
const MAX_RETRY_DELAY_MS = 500
const MAX_REDIRECTIONS = 5
const REDIS_PORT = 6379
const SENTINEL_PORT = 26379

const retryDelay = (attempt: number) => Math.min(attempt * 50, MAX_RETRY_DELAY_MS)

/**
 * A client of a single Redis, of the master behind Sentinels or of a Cluster, depending on the configuration. It
 * connects at once, and reconnects by itself. While there is no connection, commands fail at once, so that callers are
 * told to retry instead of waiting in a queue.
 * @throws Error for settings that contradict each other
 */
export function createRedisClient(config: Config): Redis | Cluster {
  const { REDIS_URL: url, REDIS_HOST: host, REDIS_SENTINELS: sentinels, REDIS_CLUSTER: cluster } = config
  const given = Object.entries({ REDIS_URL: url, REDIS_HOST: host, REDIS_SENTINELS: sentinels, REDIS_CLUSTER: cluster })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
  if (given.length === 0) throw new Error('set REDIS_URL (or REDIS_HOST, REDIS_SENTINELS or REDIS_CLUSTER)')
  if (given.length > 1) throw new Error(`${given.join(' and ')} are set: keep one`)

  const tls = tlsOptions(config)
  const node = {
    ...defined({ username: config.REDIS_USERNAME, password: config.REDIS_PASSWORD, tls }),
    enableAutoPipelining: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    maxLoadingRetryTime: MAX_RETRY_DELAY_MS,
    maxRetriesPerRequest: 0,
  } satisfies RedisOptions
  if (cluster !== undefined) {
    if (config.REDIS_DB !== undefined) throw new Error('REDIS_DB is set: a Cluster has database 0 only')
    return new Cluster(addressesOf('REDIS_CLUSTER', cluster, REDIS_PORT), {
      enableAutoPipelining: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryDelay,
      maxRedirections: MAX_REDIRECTIONS,
      redisOptions: node,
      // Keep host names unresolved, because certificates are issued for names.
      ...(tls === undefined ? {} : { dnsLookup: (name, callback) => callback(null, name) }),
    })
  }

  const options = {
    ...node,
    ...defined({ db: config.REDIS_DB }),
    enableOfflineQueue: false,
    retryStrategy: retryDelay,
    // The master has become a replica: reconnecting finds the new master.
    reconnectOnError: ({ message }: Error) => message.includes('READONLY'),
  } satisfies RedisOptions
  if (sentinels !== undefined) {
    return new Redis({
      ...options,
      ...defined({ sentinelUsername: config.REDIS_SENTINEL_USERNAME, sentinelTLS: tls }),
      ...defined({ sentinelPassword: config.REDIS_SENTINEL_PASSWORD }),
      sentinels: addressesOf('REDIS_SENTINELS', sentinels, SENTINEL_PORT),
      name: config.REDIS_SENTINEL_MASTER,
      enableTLSForSentinelMode: tls !== undefined,
      sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
      sentinelRetryStrategy: retryDelay,
    })
  }
  // User, password and database in the URL take precedence.
  if (url !== undefined) return new Redis(url, options)
  return new Redis({ ...options, host: host as string, port: config.REDIS_PORT })
}

/** The TLS options; undefined for an unencrypted connection. */
function tlsOptions(config: Config): ConnectionOptions | undefined {
  if (!config.REDIS_TLS && !config.REDIS_URL?.startsWith('rediss:')) return undefined
  const file = (name: 'REDIS_TLS_CA_FILE' | 'REDIS_TLS_CERT_FILE' | 'REDIS_TLS_KEY_FILE') => {
    const path = config[name]
    try {
      return path === undefined ? undefined : readFileSync(path)
    } catch (cause) {
      throw new Error(`${name}: ${path} cannot be read`, { cause })
    }
  }
  return defined({
    ca: file('REDIS_TLS_CA_FILE'),
    cert: file('REDIS_TLS_CERT_FILE'),
    key: file('REDIS_TLS_KEY_FILE'),
    servername: config.REDIS_TLS_SERVER_NAME,
  })
}

function addressesOf(setting: string, addresses: string, defaultPort: number): { host: string; port: number }[] {
  return listOf(addresses).map((address) => {
    const url = `redis://${address}`
    if (!URL.canParse(url) || !/^[^/@?#]+$/.test(address)) {
      throw new Error(`${setting}: "${address}" is not host:port`)
    }
    const { hostname, port } = new URL(url)
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) }
  })
}

/** The same options without undefined values. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
