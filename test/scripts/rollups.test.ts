import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROLLUPS } from '../../scripts/rollups/cells.ts'
import { functionsFile, newestFunctions } from '../../scripts/rollups/files.ts'
import { rollupFunctions } from '../../scripts/rollups/functions.ts'
import { layout, list, nested } from '../../scripts/rollups/layout.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let db: TestDatabase
let newest: string

beforeAll(async () => {
  db = await createTestDatabase()
  newest = (await newestFunctions()).text
})
afterAll(() => db?.close())

it('the newest file of functions is what the generator makes', () => {
  const advice = 'npm run rollups:sql shows the difference; with the date of a new migration it writes the next file'
  expect(newest === rollupFunctions(), advice).toBe(true)
})

it('the newest file of functions is what a migrated database runs', async () => {
  const names = [...newest.matchAll(/create or replace function (\w+)/g)].map(([, name]) => name)
  expect(names).toHaveLength(22)
  const inDatabase = () =>
    db.asOwner('select proname, prosrc, proacl::text from pg_proc where proname = any($1) order by proname', [names])
  const migrated = await inDatabase()
  await db.asOwner(newest)
  expect(await inDatabase()).toEqual(migrated)

  const called = await db.asOwner<{ name: string }>(`
    select distinct p.proname as name from pg_trigger t join pg_proc p on p.oid = t.tgfoid
    where p.proname like '%\\_rollup\\_%' order by 1`)
  expect(called.map(({ name }) => name)).toEqual(names.filter((name) => name?.includes('_rollup_')).sort())
})

it.each(Object.entries(ROLLUPS))('%s has the columns that the functions write', async (table, { key, measures }) => {
  const columns = await db.asOwner<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_name = $1 and is_generated = 'NEVER' order by 1`,
    [table],
  )
  expect(columns.map(({ name }) => name)).toEqual([...key, ...measures].sort())
})

it('the functions are readable: no long lines, no wrong indentation', () => {
  const lines = newest.split('\n')
  expect(lines.filter((line) => line.length > 120 || /\s$/.test(line) || line.includes('\t'))).toEqual([])
  const odd = lines.filter((line) => /^( {2})* \S/.test(line) && !line.startsWith('--'))
  expect(odd).toEqual([])
})

it('parts are indented like their line', () => {
  const inner = layout`
    select
      ${list(['first', 'second'])}
    from t`
  expect(layout`
    select * from ${nested(inner)} n
    where ${nested('short')}`).toBe(`select * from (
  select
    first, second
  from t
) n
where (short)`)
  expect(list(['x'.repeat(60), 'y'.repeat(60), 'z'])).toBe(`${'x'.repeat(60)},\n${'y'.repeat(60)}, z`)
})

it('a file is named by the date of its migration', () => {
  expect(functionsFile('2026-12-01')).toMatch(/migrations.2026-12-01-rollup-functions\.sql$/)
  expect(functionsFile('../2026-12-01')).toBeUndefined()
})
