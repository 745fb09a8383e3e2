import { randomBytes } from 'node:crypto'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { Redis } from 'ioredis'
import { expect, inject } from 'vitest'
import type { IssuerUser } from '../../embedded/issuer/accounts.ts'
import type { Message } from '../../embedded/issuer/messages.ts'
import { type Issuer, startIssuer } from '../../embedded/issuer.ts'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { type AppOptions, buildApp } from '../../src/app.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { SERVICE_ROLE } from '../../src/database/pool.ts'
import { closedSchema } from '../../src/mcp/published-schema.ts'
import type { Network } from '../../src/oauth/public-fetch.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

const PROJECT = 'flowpos-test'
export const SECRET = randomBytes(32).toString('hex')

export type App = Awaited<ReturnType<typeof buildApp>>

export interface Service {
  db: TestDatabase
  issuer: Issuer
  /** What the issuer would have sent by mail or SMS. */
  messages: Message[]
  /** The service's current instant; set it to travel in time. */
  now: Date
  app: App
  /** A further instance on the same database, Redis and issuer. */
  anotherInstance(config?: Partial<Record<keyof Config, string>>): Promise<App>
  /** Exchanges a sign-in of `uid` for an MCP token. */
  tokenOf(uid: string, body?: Record<string, unknown>): Promise<string>
  close(): Promise<void>
}

/** The service on real PostgreSQL, Redis and signatures, with its own clock. */
export async function startService(
  options: {
    users?: (string | (Partial<IssuerUser> & { uid: string }))[]
    config?: Partial<Record<keyof Config, string>>
    pageSignsIn?: boolean
    logger?: AppOptions['logger']
    /** Where client metadata documents come from instead of the internet, as from `startClientDocuments()`. */
    network?: Network
    requestTimeoutMs?: number
  } = {},
): Promise<Service> {
  const db = await createTestDatabase()
  const users = (options.users ?? [])
    .map((user) => (typeof user === 'string' ? { uid: user } : user))
    .map((user) => ({ email: `${user.uid}@example.com`, password: 'password', ...user }))
  const messages: Message[] = []
  const issuer = await startIssuer({
    projectId: PROJECT,
    users,
    onMessage: (message) => messages.push(message),
    // The clock of a test may stand still; what is issued a minute later would be from its future.
    clock: () => Math.floor(Math.min(Date.now(), service.now.getTime()) / 1000),
  })
  const instances: App[] = []

  async function start(config: Partial<Record<keyof Config, string>> = {}): Promise<App> {
    const { PORT = '4000' } = { ...options.config, ...config }
    // Transforming the tools on a busy machine takes longer than a plugin may take to start.
    await loadTools()
    const app = await buildApp({
      config: loadConfig({
        DATABASE_URL: db.ownerUrl,
        REDIS_URL: redisUrl(),
        MCP_TOKEN_SECRET: SECRET,
        LOG_LEVEL: 'silent',
        TOKEN_RATE_LIMIT_PER_MINUTE: '10000',
        // Tests share a machine that may be held up.
        MAX_EVENT_LOOP_DELAY_MS: '0',
        // What OAuth needs where the pages do not sign in with the issuer.
        ...(options.pageSignsIn ? {} : { PUBLIC_URL: `http://localhost:${PORT}`, FIREBASE_API_KEY: 'AIza-test' }),
        ...options.config,
        ...config,
      }),
      clock: () => service.now,
      databaseRole: SERVICE_ROLE,
      firebaseApp: issuer.firebaseOptions(),
      ...(options.requestTimeoutMs ? { requestTimeoutMs: options.requestTimeoutMs } : {}),
      ...(options.pageSignsIn ? { identityUrl: issuer.url } : {}),
      ...(options.logger ? { logger: options.logger } : {}),
      ...(options.network ? { network: options.network } : {}),
    })
    instances.push(app)
    return app
  }

  const service: Service = {
    db,
    issuer,
    messages,
    now: new Date(),
    app: undefined as unknown as App,
    anotherInstance: start,
    async tokenOf(uid, body = {}) {
      const response = await service.app.inject({
        method: 'POST',
        url: '/mcp/token',
        payload: { firebaseIdToken: issuer.issueToken(uid), ...body },
      })
      if (response.statusCode !== 200) throw new Error(`exchange for ${uid}: ${response.body}`)
      return response.json<{ accessToken: string }>().accessToken
    },
    async close() {
      await Promise.all(instances.map((app) => app.close()))
      await issuer.stop()
      await db.close()
    },
  }
  service.app = await start()
  await forgetSignIns()
  return service
}

/** A connection to the Redis of the tests. */
export function connectRedis(): Redis {
  return new Redis(redisUrl())
}

/** Forgets how many sign-ins were begun: tests begin more of them in a minute than people do. */
export async function forgetSignIns(): Promise<void> {
  const redis = connectRedis()
  const keys = await redis.keys('mcp:authorizations:*')
  if (keys.length > 0) await redis.del(keys)
  redis.disconnect()
}

// Test files run in parallel, so each worker has its own database.
function redisUrl(): string {
  return `${inject('redisUrl')}/${Number(process.env.VITEST_POOL_ID ?? '0') % 16}`
}

/** Sends a JSON-RPC message like the published samples: without Accept, protocol version and `initialized`. */
export async function rpc(
  app: App,
  token: string,
  method: string,
  params: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) {
  const response = await app.inject({
    method: 'POST',
    url: headers.url ?? '/mcp',
    headers: { authorization: `Bearer ${token}`, accept: '*/*', ...headers },
    payload: { jsonrpc: '2.0', id: 1, method, params },
  })
  return { status: response.statusCode, headers: response.headers, body: response.body ? response.json() : undefined }
}

/** Calls a tool. Its data must match its full output schema exactly. */
export async function call(
  app: App,
  token: string,
  name: string,
  args: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) {
  const { status, body } = await rpc(app, token, 'tools/call', { name, arguments: args }, headers)
  const result = body?.result
  if (result?.structuredContent !== undefined) expectAsPublished(app, name, result.structuredContent)
  return {
    status,
    body,
    text: result?.content?.[0]?.text as string,
    data: result?.structuredContent,
    isError: result?.isError === true,
  }
}

const ajv = addFormats.default(new Ajv2020({ allErrors: true, allowUnionTypes: true }))
const resultChecks = new Map<string, ValidateFunction>()

function expectAsPublished(app: App, name: string, data: unknown): void {
  let isValid = resultChecks.get(name)
  if (isValid === undefined) {
    const registered = app.registry.all.find(({ tool }) => tool.name === name)
    isValid = ajv.compile(closedSchema(registered?.fullListing().one.outputSchema ?? {}))
    resultChecks.set(name, isValid)
  }
  isValid(data)
  expect({ name, problems: isValid.errors ?? [] }).toEqual({ name, problems: [] })
}
