import type { TestDatabase } from './database.ts'

type Row = Record<string, unknown>

/**
 * A row of a business in a table with a `business_id`: an existing one, or else one made up from the catalog's
 * description of the columns. Texts are `text`; required references point to rows of the same business, which are found
 * or made up in the same way.
 * @throws Error that says what to do if a row cannot be made up
 */
export async function someRow(db: TestDatabase, table: string, businessId: string, text: string): Promise<Row> {
  const [present] = await db.asOwner<Row>(`select * from ${table} where business_id = $1 limit 1`, [businessId])
  if (present !== undefined) return present

  const values: Row = { business_id: businessId }
  for (const { other, own, others } of await tenantReferences(db, table)) {
    const row = await someRow(db, other, businessId, text)
    for (const [index, name] of own.entries()) values[name] = row[others[index] as string]
  }
  for (const { name, type } of await columnsToFill(db, table)) values[name] ??= madeUp(type, text)
  const names = Object.keys(values)
  const places = names.map((_, index) => `$${index + 1}`)
  const insert = `insert into ${table} (${names.join(', ')}) values (${places.join(', ')}) returning *`
  const made = await db.asOwner<Row>(insert, Object.values(values)).catch((cause) => {
    const advice = `In the beforeAll of test/tenancy.test.ts, insert a row of the foreign shop into ${table}`
    throw new Error(`${advice}; none could be made up: ${cause.message}`, { cause })
  })
  return made[0] as Row
}

/** Required foreign keys to rows of a business. */
function tenantReferences(db: TestDatabase, table: string) {
  const columns = (relation: string, numbers: string) => `
    from unnest(${numbers}) with ordinality n (number, position)
    join pg_attribute a on a.attrelid = ${relation} and a.attnum = n.number`
  const own = columns('conrelid', 'conkey')
  const others = columns('confrelid', 'confkey')
  return db.asOwner<{ other: string; own: string[]; others: string[] }>(
    `select confrelid::regclass::text as other,
      (select array_agg(attname::text order by position) ${own}) as own,
      (select array_agg(attname::text order by position) ${others}) as others
     from pg_constraint where contype = 'f' and conrelid = $1::regclass
      and exists (select ${others} where attname = 'business_id') and not exists (select ${own} where not attnotnull)`,
    [table],
  )
}

/** Required columns, and texts. */
function columnsToFill(db: TestDatabase, table: string) {
  return db.asOwner<{ name: string; type: string }>(
    `select column_name as name, data_type as type from information_schema.columns
     where table_schema = 'public' and table_name = $1 and column_default is null and is_identity = 'NO'
      and is_generated = 'NEVER' and (is_nullable = 'NO' or data_type = 'text')`,
    [table],
  )
}

function madeUp(type: string, text: string): unknown {
  if (type === 'uuid') return crypto.randomUUID()
  if (type === 'boolean') return true
  if (type === 'ARRAY') return []
  if (type === 'jsonb') return JSON.stringify(text)
  if (/^(date|time)/.test(type)) return '2026-01-01 12:00'
  if (/^(smallint|integer|bigint|numeric)$/.test(type)) return 1
  return text
}
