import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { createOwnedDatabase } from '../support/owned-database.ts'

const [MINE, FOREIGN] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
const PRODUCTS = 3000

/** Two shops with the same products, in a database whose owner is bound by row security. */
async function shops() {
  const { kysely, superuserUrl } = await createOwnedDatabase()
  await migrate(kysely)
  const client = new pg.Client({ connectionString: superuserUrl })
  await client.connect()
  onTestFinished(() => client.end())
  for (const id of [MINE, FOREIGN]) {
    await client.query(`
      insert into business (id, name, currency, timezone) values ('${id}', 'Shop', 'EUR', 'Europe/Madrid');
      insert into product (business_id, name)
        select '${id}', case when n = 7 then 'Café Huehuetenango' else 'Ware ' || n end from generate_series(1, ${PRODUCTS}) n;
      insert into product_variant (business_id, product_id, sku, label, price)
        select business_id, id, 'S-' || substr(name, 6), case when name = 'Ware 9' then 'Turquesa' end, 1
        from product where business_id = '${id}'`)
  }
  await client.query('analyze')
  const readSoFar = async () => {
    const { rows } = await client.query<{ rows: number }>(`
      select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as rows from pg_stat_xact_user_tables
      where relname in ('product', 'product_variant')`)
    return rows[0]?.rows as number
  }
  /** What the service is told, and how many rows of products and variants were read for it. */
  return async (query: string, values: unknown[], business: string | null = MINE) => {
    await client.query(`begin; set local role flowpos_service`)
    await client.query(`select set_config('app.business_id', $1, true)`, [business ?? ''])
    // What earlier transactions read is in these counts, too, for a second.
    const before = await readSoFar()
    const { rows } = await client.query({ text: query, values, rowMode: 'array' })
    const read = (await readSoFar()) - before
    await client.query('rollback')
    const { rows: named } = await client.query<{ name: string }>(
      'select p.name from product_variant v join product p on p.id = v.product_id where v.id = any ($1)',
      [rows.flat()],
    )
    return { found: rows.flat(), names: named.map(({ name }) => name), read }
  }
}

const WITH = 'select variants_with($1)'
const NEAR = 'select variants_near($1)'

it('the service finds products of its business by an index, though row security binds the owner of the schema, too', async () => {
  const ask = await shops()
  for (const [query, value, name] of [
    [WITH, '%huehuetenango%', 'Café Huehuetenango'],
    [WITH, '%turquesa%', 'Ware 9'],
    [NEAR, ['huehuetenanco'], 'Café Huehuetenango'],
    [NEAR, ['turkesa', 'xqzwv'], 'Ware 9'],
    [WITH, '%xqzwv%', null],
    [NEAR, ['xqzwv'], null],
  ] as const) {
    const { names, read } = await ask(query, [value])
    expect(names, String(value)).toEqual(name === null ? [] : [name])
    expect(read, String(value)).toBeLessThan(20)
  }
})

it('the ids that are looked up are of the own business alone, and none without one', async () => {
  const ask = await shops()
  for (const [query, value] of [
    [WITH, '%turquesa%'],
    [NEAR, ['turquesa']],
  ] as const) {
    const { found: mine } = await ask(query, [value])
    const { found: foreign } = await ask(query, [value], FOREIGN)
    expect([mine.length, foreign.length]).toEqual([1, 1])
    expect(mine).not.toEqual(foreign)
    expect((await ask(query, [value], null)).found).toEqual([])
  }
})
