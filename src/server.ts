import closeWithGrace from 'close-with-grace'
import { destination } from 'pino'
import { buildApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'
import { productionProblems } from './production.ts'
import { describeStartFailure } from './start-failure.ts'

// For requests in flight, after the balancers have noticed.
const GRACE_MS = 10_000

/** The production process: configuration from the environment, real Firebase, PostgreSQL and Redis. */
async function main(): Promise<void> {
  loadDotEnv()
  const config = readConfig()
  const problems = productionProblems(config, process.env)
  if (problems.length > 0) refuse(problems)

  // As the first process of a container, Node would not hear it before there is a listener.
  const stop = () => process.exit(0)
  process.once('SIGTERM', stop)

  // One write for many lines; what is waiting is written within half a second, and when the process ends.
  const stream = destination({ sync: false, minLength: 12_288, periodicFlush: 500 })
  const app = await buildApp({ config, logger: { stream } }).catch((error) => refuse([describeStartFailure(error)]))
  process.off('SIGTERM', stop)
  const delay = config.SHUTDOWN_DELAY_MS + GRACE_MS
  closeWithGrace({ delay, logger: app.log }, async ({ err, signal }) => {
    if (err) app.log.fatal({ err }, 'stopping after a failure')
    // Nobody balances a process that is stopped by Ctrl-C.
    if (signal === 'SIGTERM') await app.leave(config.SHUTDOWN_DELAY_MS)
    // A client that opened a connection and sends nothing must not hold the process beyond its time.
    setTimeout(() => app.server.closeAllConnections(), GRACE_MS - 2000).unref()
    await app.close()
  })
  await app.listen({ host: config.HOST, port: config.PORT }).catch((error) => refuse([describeStartFailure(error)]))
}

function readConfig(): Config {
  try {
    return loadConfig(process.env)
  } catch (error) {
    return refuse([(error as Error).message])
  }
}

function loadDotEnv(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function refuse(problems: string[]): never {
  for (const problem of problems) console.error(`FlowPOS MCP does not start: ${problem}`)
  process.exit(1)
}

await main()
