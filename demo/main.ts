import { generateKeyPairSync, randomBytes } from 'node:crypto'
import cliProgress from 'cli-progress'
import closeWithGrace from 'close-with-grace'
import pg from 'pg'
import { dataDirectory, openEmbeddedDatabase } from '../embedded/database.ts'
import { startIssuer } from '../embedded/issuer.ts'
import { createMemoryOAuthStore } from '../embedded/memory-oauth-store.ts'
import { createMemorySessionEvents } from '../embedded/memory-session-events.ts'
import { createMemorySessionStore } from '../embedded/memory-session-store.ts'
import { loadConfig } from '../src/config.ts'
import { migrate } from '../src/database/migrate.ts'
import { createKysely, createPool, SERVICE_ROLE } from '../src/database/pool.ts'
import { describeStartFailure } from '../src/start-failure.ts'
import { DEMO_USERS, demoLogins, LA_CEIBA } from './data/directory.ts'
import { greetingAt } from './greeting.ts'
import { keptSecret, keptSigningKey, renewApiKey } from './keys.ts'
import { seedDemo } from './seed.ts'
import { welcome } from './welcome.ts'

const PROJECT = 'demo-flowpos'

/**
 * The whole service on embedded parts: PostgreSQL from its npm package, sessions in memory, a development issuer with
 * genuine RS256. DATABASE_URL, REDIS_URL and MCP_TOKEN_SECRET each replace a part.
 */
async function main(): Promise<void> {
  const { env } = process
  const json = process.argv.includes('--json')
  if (process.argv.includes('--seed')) return seedAlone(env.DATABASE_URL)
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  closeWithGrace({ delay: 10_000, logger: false }, close)

  try {
    // Loading the service takes longest, so the page and the database are prepared in parallel.
    const service = import('../src/app.ts')
    const page = buildPageIfNeeded().catch((error: Error) => {
      console.error(`The AI Assistant and sign-in pages cannot be built: ${error.message}`)
    })
    const embedded = env.DATABASE_URL ? undefined : await openEmbeddedDatabase(env, { create: true })
    if (embedded !== undefined) closers.push(embedded.stop)
    const ownerUrl = env.DATABASE_URL || (embedded?.url as string)

    const config = loadConfig({
      HOST: 'localhost',
      LOG_LEVEL: 'warn',
      ...env,
      MCP_TOKEN_SECRET: env.MCP_TOKEN_SECRET || (await keptSecret(dataDirectory(env))),
      FIREBASE_PROJECT_ID: PROJECT,
      DATABASE_URL: ownerUrl,
    })
    const owner = createKysely(createPool(ownerUrl, { size: 1 }))
    await migrate(owner).finally(() => owner.destroy())

    const client = new pg.Client({ connectionString: ownerUrl })
    await client.connect()
    const signingKey = await keptSigningKey(client, newSigningKey)
    // The service is built while the data are loaded, and listens when both are done.
    const building = (async () => {
      const issuer = await startIssuer({
        projectId: PROJECT,
        users: [...DEMO_USERS],
        keys: [signingKey],
        onMessage: ({ to, kind, code }) => console.error(`Message to ${to} (${kind}): ${code}`),
      })
      closers.push(issuer.stop)
      const { buildApp } = await service
      await page
      const app = await buildApp({
        config,
        databaseRole: SERVICE_ROLE,
        firebaseApp: issuer.firebaseOptions(),
        identityUrl: issuer.url,
        logger: { level: config.LOG_LEVEL, stream: process.stderr },
        ...(config.REDIS_URL === undefined
          ? {
              sessions: { store: createMemorySessionStore(), events: createMemorySessionEvents() },
              oauthStore: createMemoryOAuthStore(),
            }
          : {}),
      })
      closers.push(() => app.close())
      return { issuer, app }
    })()
    const [{ issuer, app }] = await Promise.all([building, seed(ownerUrl, json)])
    await app.listen({ host: config.HOST, port: config.PORT })

    // Only after listening: if another demo has the port, its keys must stay valid.
    const label = `Demo on port ${config.PORT}`
    const apiKey = await renewApiKey(client, LA_CEIBA.id, label)
    const operatorKey = await renewApiKey(client, null, label)
    await client.end()

    const { port } = app.server.address() as { port: number }
    const origin = `http://localhost:${port}`
    const facts = {
      mcpUrl: `${origin}/mcp`,
      settingsUrl: `${origin}/settings/mcp`,
      identityUrl: issuer.url,
      users: demoLogins(),
      apiKey,
      operatorKey,
    }
    console.log(json ? JSON.stringify(facts) : welcome(facts, greetingAt(new Date())))
  } catch (error) {
    console.error(`The demo does not start: ${describeStartFailure(error)}`)
    await close()
    process.exit(1)
  }
}

/** Writes the demo's shops into a database that a service of its own serves, as for a reviewer, and ends. */
async function seedAlone(databaseUrl: string | undefined): Promise<void> {
  try {
    if (!databaseUrl) throw new Error('DATABASE_URL must name the database, as the owner of its schema')
    const owner = createKysely(createPool(databaseUrl, { size: 1 }))
    await migrate(owner).finally(() => owner.destroy())
    await seed(databaseUrl, true)
    console.log('The shops of the demo are there, with their history up to now.')
  } catch (error) {
    console.error(`The demo's data are not written: ${describeStartFailure(error)}`)
    process.exit(1)
  }
}

async function buildPageIfNeeded(): Promise<void> {
  const { buildPage, isPageFresh } = await import('../scripts/build-page.ts')
  if (!(await isPageFresh())) await buildPage()
}

async function seed(connectionString: string, quiet: boolean): Promise<void> {
  const bar = new cliProgress.SingleBar({
    format: 'Demo data [{bar}] {percentage}% · {value} of {total} orders',
    noTTYOutput: false,
    stream: process.stderr,
  })
  await seedDemo({
    connectionString,
    now: new Date(),
    onProgress: (done, total) => {
      if (quiet) return
      if (!bar.isActive) bar.start(total, done)
      else bar.update(done)
    },
  })
  bar.stop()
}

function newSigningKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    kid: randomBytes(20).toString('hex'),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

await main()
