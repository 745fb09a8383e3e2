import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { clean } from '../results/text.ts'
import type { Kind } from './kind.ts'

const ROWS = 5
// What is computed of the others, or says nothing to a person.
const LEFT_OUT = ['has_time', 'amount', 'discount_said', 'tax_said', 'gross_sales']

/** A row of the file as it is read. */
export interface PreviewRow {
  line: number
  /** Values by column; times are on the clock of the business. */
  values: Record<string, string>
}

/** The first rows of a file that are not rejected. */
export async function firstRows(
  db: Transaction,
  { table, staged }: Pick<Kind, 'table' | 'staged'>,
  timezone: string,
): Promise<PreviewRow[]> {
  const columns = Object.entries(staged).filter(([name]) => !LEFT_OUT.includes(name))
  const shown = columns.map(([name, type]) => {
    const value = sql.ref(name)
    if (type === 'timestamptz') return sql`to_char(${value} at time zone ${timezone}, 'YYYY-MM-DD HH24:MI') as ${value}`
    return type === 'numeric' ? sql`trim_scale(${value})::text as ${value}` : sql`${value}::text as ${value}`
  })
  const { rows } = await sql<Record<string, string | null> & { line: number }>`
    select line, ${sql.join(shown)} from ${sql.table(table)}
    where reason is null and line > 0 order by line limit ${ROWS}`.execute(db)
  return rows.map(({ line, ...values }) => ({
    line,
    values: Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, clean(value, 80)]])),
    ),
  }))
}
