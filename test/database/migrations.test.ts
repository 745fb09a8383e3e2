import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { databaseTypes } from '../../scripts/database-types.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createKysely, createPool } from '../../src/database/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())

const schema = () =>
  db.asOwner(`
    select table_name, column_name, data_type from information_schema.columns
    where table_schema = 'public' and table_name not like 'kysely_%' order by 1, 2`)

it('go down to nothing and up again to the same schema', async () => {
  const kysely = createKysely(createPool(db.ownerUrl, { size: 1 }))
  const before = await schema()
  const down = await migrate(kysely, 'none')
  expect(down.length).toBeGreaterThanOrEqual(7)
  expect(await schema()).toEqual([])
  const leftovers = await db.asOwner(`
    select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'public'`)
  expect(leftovers).toEqual([])

  expect(await migrate(kysely)).toEqual([...down].reverse())
  expect(await schema()).toEqual(before)
  expect(await migrate(kysely)).toEqual([])
  await kysely.destroy()
})

it('agree with the generated types, even in the database of a demo with its keys', async () => {
  await db.asOwner('create schema demo; create table demo.signing_key (kid text primary key)')
  const written = await readFile(path.join(import.meta.dirname, '../../src/database/types.ts'), 'utf8')
  const advice = 'src/database/types.ts is out of date: run npm run db:types'
  expect((await databaseTypes(db.ownerUrl)) === written, advice).toBe(true)
})
