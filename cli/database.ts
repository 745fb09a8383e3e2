import { existsSync } from 'node:fs'
import { createDatabase, type Database } from '../src/database/database.ts'
import { createPool, SERVICE_ROLE } from '../src/database/pool.ts'

export interface CommandDatabase {
  database: Database
  close(): Promise<void>
}

/**
 * The database that a command line tool works on: `DATABASE_URL`, else the embedded one of `DATA_DIR`, started for the
 * command unless its demo runs.
 * @throws Error with a sentence when there is neither
 */
export async function openCommandDatabase(env: NodeJS.ProcessEnv): Promise<CommandDatabase> {
  const embedded = env.DATABASE_URL ? undefined : await openEmbedded(env)
  const url = env.DATABASE_URL || embedded?.url
  if (url === undefined) throw new Error('Set DATABASE_URL, or run `npm run demo` once to make the embedded database.')

  // The owner's login may be all there is on a developer's machine: it works as the service's role then.
  const pool = createPool(url, { size: 2, ...(embedded ? { role: SERVICE_ROLE } : {}) })
  return {
    database: createDatabase(pool),
    async close() {
      await pool.end()
      await embedded?.stop()
    },
  }
}

/** The embedded database of `DATA_DIR`, as its owner; undefined when there is none. */
export async function openEmbedded(
  env: NodeJS.ProcessEnv,
): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  // The image carries no demo: there, DATABASE_URL is the only way.
  const module = new URL('../embedded/database.ts', import.meta.url)
  const demo = existsSync(module) ? await import(module.href) : undefined
  return demo?.openEmbeddedDatabase(env)
}
