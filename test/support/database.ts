import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { createDatabase, type Database } from '../../src/database/database.ts'
import { COMMANDS_ROLE, createPool, SERVICE_ROLE } from '../../src/database/pool.ts'
import { TEMPLATE, TILL_ROLE } from './global-setup.ts'

export interface TestDatabase {
  /** For the superuser, who owns the schema. */
  ownerUrl: string
  /** As the service sees it: with only its role's rights, under row-level security. */
  database: Database
  /** As the commands see it. */
  commands: Database
  /** As the rest of the product sees it, which corrects orders and moves them, unlike the service. */
  till: Database
  /** Runs a statement as the superuser, bypassing row-level security, to set up and to inspect. */
  asOwner<Row extends pg.QueryResultRow>(statement: string, values?: unknown[]): Promise<Row[]>
  close(): Promise<void>
}

/**
 * A new, migrated, empty database.
 * @param serverUrl of a cluster that has the template
 */
export async function createTestDatabase(serverUrl = inject('postgresUrl')): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await run(serverUrl, (client) => client.query(`create database ${name} template ${TEMPLATE}`))

  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const ownerUrl = url.href
  const owner = createPool(ownerUrl, { size: 2 })
  const [pool, commands, till] = [SERVICE_ROLE, COMMANDS_ROLE, TILL_ROLE].map((role) =>
    createPool(ownerUrl, { size: 4, role }),
  ) as [pg.Pool, pg.Pool, pg.Pool]
  return {
    ownerUrl,
    database: createDatabase(pool),
    commands: createDatabase(commands),
    till: createDatabase(till),
    async asOwner(statement, values) {
      return (await owner.query(statement, values)).rows
    },
    async close() {
      await Promise.all([pool, commands, till].map((each) => each.end()))
      await owner.end()
      await run(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`))
    },
  }
}

async function run(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
