import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type Service, startService } from '../support/service.ts'
import { checkEverything } from './checks.ts'
import { anyCommands } from './commands.ts'
import { anyQuestions } from './questions.ts'
import { anyShop, World } from './world.ts'

// PROPERTY_RUNS and PROPERTY_SEED search longer or elsewhere; a failure prints its seed and the shortest commands.
const RUNS = Number(process.env.PROPERTY_RUNS ?? 6)
const SEED = Number(process.env.PROPERTY_SEED ?? 20260308)
const LIMIT_MS = 120_000 + RUNS * 15_000

let service: Service

beforeAll(async () => {
  service = await startService()
})
afterAll(() => service?.close())

describe('whatever happens in a shop', () => {
  it('every report tells what its raw rows add up to', { timeout: LIMIT_MS + 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.noShrink(anyShop),
        fc.noShrink(anyCommands),
        fc.nat({ max: 2 }),
        fc.noShrink(anyQuestions),
        async (plan, commands, location, questions) => {
          const world = await World.open(service, plan)
          for (const command of commands) await command.run(world)
          await checkEverything(world, location, questions)
        },
      ),
      { numRuns: RUNS, seed: SEED, plugins: [fc.interruptAfterTimeLimit(LIMIT_MS, { failOnInterrupt: true })] },
    )
  })
})
