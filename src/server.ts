import closeWithGrace from 'close-with-grace'
import { destination } from 'pino'
import { buildApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'
import { productionProblems } from './production.ts'
import { describeStartFailure } from './start-failure.ts'

// Time for requests in flight, after the load balancers have noticed.
const GRACE_MS = 10_000

/** The production process, with its configuration from the environment and real Firebase, PostgreSQL and Redis. */
async function main(): Promise<void> {
  loadDotEnv()
  const config = readConfig()
  const problems = productionProblems(config, process.env)
  if (problems.length > 0) refuse(problems)

  // As the first process of a container, Node ignores SIGTERM until there is a listener.
  const stop = () => process.exit(0)
  process.once('SIGTERM', stop)

  // Buffers lines into larger writes; flushes every half second, and when the process ends.
  const stream = destination({ sync: false, minLength: 12_288, periodicFlush: 500 })
  const app = await buildApp({ config, logger: { stream } }).catch((error) => refuse([describeStartFailure(error)]))
  process.off('SIGTERM', stop)
  const delay = config.SHUTDOWN_DELAY_MS + GRACE_MS
  closeWithGrace({ delay, logger: app.log }, async ({ err, signal }) => {
    if (err) app.log.fatal({ err }, 'stopping after a failure')
    // A process that is stopped by Ctrl-C is not behind a load balancer.
    if (signal === 'SIGTERM') await app.leave(config.SHUTDOWN_DELAY_MS)
    // A client that keeps a connection open without sending anything must not hold up the exit.
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
