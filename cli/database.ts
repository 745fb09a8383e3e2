import { existsSync } from 'node:fs'
import { createDatabase, type Database } from '../src/database/database.ts'
import { createPool, SERVICE_ROLE } from '../src/database/pool.ts'

export interface CommandDatabase {
  database: Database
  close(): Promise<void>
}

/**
 * The database of a command line tool: `DATABASE_URL`, else the embedded one in `DATA_DIR`, which is started for the
 * command unless its demo is running.
 * @throws Error with a sentence if there is neither
 */
export async function openCommandDatabase(env: NodeJS.ProcessEnv): Promise<CommandDatabase> {
  const embedded = env.DATABASE_URL ? undefined : await openEmbedded(env)
  const url = env.DATABASE_URL || embedded?.url
  if (url === undefined) throw new Error('Set DATABASE_URL, or run `npm run demo` once to make the embedded database.')

  // On a developer's machine there may be only the owner's login, which then assumes the service's role.
  const pool = createPool(url, { size: 2, ...(embedded ? { role: SERVICE_ROLE } : {}) })
  return {
    database: createDatabase(pool),
    async close() {
      await pool.end()
      await embedded?.stop()
    },
  }
}

/** The embedded database in `DATA_DIR`, as its owner; undefined if there is none. */
export async function openEmbedded(
  env: NodeJS.ProcessEnv,
): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  // The image does not contain the demo, so that only DATABASE_URL works there.
  const module = new URL('../embedded/database.ts', import.meta.url)
  const demo = existsSync(module) ? await import(module.href) : undefined
  return demo?.openEmbeddedDatabase(env)
}
