import fp from 'fastify-plugin'
import type pg from 'pg'
import type { Config } from '../../src/config.ts'
import { createDatabase, type Database } from '../../src/database/database.ts'
import { COMMANDS_ROLE, createPool } from '../../src/database/pool.ts'
import { ServiceError } from '../../src/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    database: Database
  }
}

export interface PostgresOptions {
  config: Config
  /** Role to assume on every connection, for a login that has more rights. */
  role?: string
}

/** The data layer: a pool of connections that cannot see past row-level security. */
export default fp<PostgresOptions>(
  async (app, { config, role }) => {
    if (config.DATABASE_URL === undefined) throw new Error('DATABASE_URL is not set')
    let isChecked = false
    const pool = createPool(config.DATABASE_URL, {
      size: config.DATABASE_POOL_SIZE,
      connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
      ...(role === undefined ? {} : { role }),
      async check(client) {
        if (isChecked) return
        await requireBoundRole(client)
        isChecked = true
      },
      onError: (err) => app.log.warn({ err }, 'idle database connection lost'),
    })
    const database = createDatabase(pool)
    app.decorate('database', database)
    app.addHook('onClose', () => pool.end())

    // The service also starts without PostgreSQL, and is not ready until it answers.
    await database.ping().catch((error) => {
      if (!(error instanceof ServiceError)) throw error
      app.log.warn({ err: error }, 'PostgreSQL does not answer yet')
    })
  },
  { name: 'postgres', dependencies: [] },
)

/**
 * Row-level security is the second barrier between tenants: the service refuses a role that can bypass it.
 * It also refuses the rights of the commands, so that somebody who breaks into it has not got them.
 * @throws Error naming the role
 */
async function requireBoundRole(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; above: boolean; commands: boolean | null }>(
    `select rolname as name, rolsuper or rolbypassrls
       or exists (
         select from pg_tables where schemaname = 'public' and pg_has_role(current_user, tableowner, 'member')
       ) as above,
       (select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = '${COMMANDS_ROLE}') as commands
     from pg_roles where rolname = current_user`,
  )
  if (rows[0]?.above === false && rows[0].commands !== true) return
  if (rows[0]?.above === false) {
    throw new Error(
      `the database role ${rows[0].name} may do what only commands need: connect as a login that is only a member of flowpos_service`,
    )
  }
  throw new Error(
    `the database role ${rows[0]?.name} can bypass row security: connect as a login that is only a member of flowpos_service`,
  )
}
