import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'
import { describeStartFailure } from './errors.ts'
import { productionProblems } from './production.ts'

/** The production process: configuration from the environment, real Firebase, PostgreSQL and Redis. */
async function main(): Promise<void> {
  loadDotEnv()
  const config = readConfig()
  const problems = productionProblems(config, process.env)
  if (problems.length > 0) refuse(problems)

  const app = await buildApp({ config }).catch((error) => refuse([describeStartFailure(error)]))
  closeWithGrace({ delay: 10_000, logger: app.log }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'stopping after a failure')
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
