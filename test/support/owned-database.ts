import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import { createKysely, createPool } from '../../src/database/pool.ts'
import type { DB } from '../../src/database/types.ts'

/**
 * A new, empty database for one test. Its owner is bound by row security, as in production.
 * @returns `kysely` as the owner; `rows`, which runs a statement as the superuser, past row security; and the address of
 * the database for the superuser
 */
export async function createOwnedDatabase(): Promise<{
  kysely: Kysely<DB>
  rows(query: string): Promise<Record<string, unknown>[]>
  superuserUrl: string
}> {
  const name = `owned_${randomUUID().slice(0, 8)}`
  const admin = new pg.Client({ connectionString: inject('postgresUrl') })
  await admin.connect()
  await admin.query(`create role ${name} login nobypassrls password 'x'`)
  await admin.query(`create database ${name} owner ${name}`)
  const url = new URL(inject('postgresUrl'))
  Object.assign(url, { pathname: `/${name}`, username: name, password: 'x' })
  const kysely = createKysely(createPool(url.href, { size: 2 }))
  const superuserUrl = new URL(inject('postgresUrl'))
  superuserUrl.pathname = `/${name}`
  const all = createPool(superuserUrl.href, { size: 1 })
  onTestFinished(async () => {
    await kysely.destroy()
    await all.end()
    await admin.query(`drop database ${name} with (force)`)
    await admin.query(`drop role ${name}`)
    await admin.end()
  })
  return { kysely, rows: async (query) => (await all.query(query)).rows, superuserUrl: superuserUrl.href }
}
