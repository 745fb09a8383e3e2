import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { withoutLoops } from './kind.ts'

/**
 * Gives codes that differ in upper and lower case only one spelling: that of the shop if it has the code, else the
 * first one of the file. Otherwise `tea-1` and `TEA-1` would become two products.
 * @param known query of one column: the codes that the shop has
 */
export async function useOneSpelling(
  db: Transaction,
  table: string,
  column: string,
  known: RawBuilder<unknown>,
): Promise<void> {
  const code = sql.ref(column)
  await withoutLoops(db, () =>
    sql`
      with said as (select ${code} as code, min(line) as line from ${sql.table(table)} where ${code} is not null group by 1),
        known (code) as (${known}),
        alike as (select lower(code) as low, min(code) as code from known group by 1)
      update ${sql.table(table)} row set ${code} = chosen.spelling
      from (
        select said.code, coalesce(same.code, alike.code,
          first_value(said.code) over (partition by lower(said.code) order by said.line)) as spelling
        from said left join known same on same.code = said.code left join alike on alike.low = lower(said.code)
      ) chosen
      where row.${code} = chosen.code and chosen.spelling <> chosen.code`.execute(db),
  )
}
