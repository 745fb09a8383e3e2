import { sql } from 'kysely'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { type EmbeddedPostgres, startPostgres } from '../../embedded/postgres.ts'
import { startRedis } from '../../embedded/redis-server.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createKysely, createPool } from '../../src/database/pool.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A throw-away cluster, as its superuser. */
    postgresUrl: string
    redisUrl: string
  }
}

/** Name of the migrated database that every test database copies. */
export const TEMPLATE = 'template_flowpos'

/** The role of the rest of the product, which is bound by row security as well. */
export const TILL_ROLE = 'test_till'

/** One real PostgreSQL and one real Redis for all test files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, redis] = await Promise.all([startPostgres({ binDir: process.env.PG_BIN }), startRedis()])
  await makeTemplate(postgres)
  project.provide('postgresUrl', postgres.url('postgres'))
  project.provide('redisUrl', redis.url)
  return async () => {
    await Promise.all([postgres.stop(), redis.stop()])
  }
}

/** Creates the migrated database in a cluster. */
export async function makeTemplate(postgres: EmbeddedPostgres): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url('postgres') })
  await client.connect()
  await client.query(`create database ${TEMPLATE}`)
  await client.end()
  const kysely = createKysely(createPool(postgres.url(TEMPLATE), { size: 1 }))
  await migrate(kysely)
  // The product's own till writes to the same tables, and more than the service does.
  await sql`create role ${sql.ref(TILL_ROLE)} nologin in role flowpos_commands`.execute(kysely)
  await sql`grant insert, update, delete on all tables in schema public to ${sql.ref(TILL_ROLE)}`.execute(kysely)
  await kysely.destroy()
}
