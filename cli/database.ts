import { existsSync } from 'node:fs'
import type pg from 'pg'
import { createDatabase, type Database } from '../src/database/database.ts'
import { COMMANDS_ROLE, createPool } from '../src/database/pool.ts'

export interface CommandDatabase {
  database: Database
  close(): Promise<void>
}

/**
 * The database of a command line tool: `COMMAND_DATABASE_URL` or `DATABASE_URL`, else the embedded one in `DATA_DIR`, which is started for the
 * command unless its demo is running.
 * @throws Error with a sentence if there is neither, or if the login has not the rights of commands
 */
export async function openCommandDatabase(env: NodeJS.ProcessEnv): Promise<CommandDatabase> {
  const given = env.COMMAND_DATABASE_URL || env.DATABASE_URL
  const embedded = given ? undefined : await openEmbedded(env)
  const url = given || embedded?.url
  if (url === undefined)
    throw new Error('Set COMMAND_DATABASE_URL, or run `npm run demo` once to make the embedded database.')

  // On a developer's machine there may be only the owner's login, which then assumes the commands' role.
  const pool = createPool(url, { size: 2, check: requireRights, ...(embedded ? { role: COMMANDS_ROLE } : {}) })
  return {
    database: createDatabase(pool),
    async close() {
      await pool.end()
      await embedded?.stop()
    },
  }
}

/** Row security would only hide from the service's login what a command is to show. */
async function requireRights(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; has: boolean | null }>(
    `select current_user as name,
       (select pg_has_role(current_user, oid, 'usage') from pg_roles where rolname = $1) as has`,
    [COMMANDS_ROLE],
  )
  if (rows[0]?.has === true) return
  throw new Error(
    rows[0]?.has === false
      ? `The login ${rows[0].name} lacks the rights of commands: set COMMAND_DATABASE_URL to one in ${COMMANDS_ROLE}`
      : `The role ${COMMANDS_ROLE} is missing: run the migrations`,
  )
}

/** The embedded database in `DATA_DIR`, as its owner; undefined if there is none. */
export async function openEmbedded(
  env: NodeJS.ProcessEnv,
): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  // The image does not contain the demo, so that only an address works there.
  const module = new URL('../embedded/database.ts', import.meta.url)
  const demo = existsSync(module) ? await import(module.href) : undefined
  return demo?.openEmbeddedDatabase(env)
}
