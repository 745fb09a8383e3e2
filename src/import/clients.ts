import { sql } from 'kysely'
import type { Customer } from '../database/types.ts'
import { Fields } from './fields.ts'
import type { Kind } from './kind.ts'
import { rejectRepeated } from './rejects.ts'
import { useOneSpelling } from './spelling.ts'

const DETAILS = ['email', 'phone', 'tax_id', 'city', 'country'] as const satisfies (keyof Customer)[]

/** One row per client, found by its code; an empty value leaves the stored one unchanged. */
export const clients: Kind = {
  name: 'clients',
  columns: { required: ['client_code', 'name'], optional: DETAILS },
  numbers: { amounts: [], quantities: [] },
  dates: [],
  table: 'import_client',
  staged: { code: 'text', name: 'text', ...Object.fromEntries(DETAILS.map((column) => [column, 'text'])) },

  read(row, { numbers }) {
    const fields = new Fields(row, numbers)
    return {
      line: row.line,
      raw: row.raw,
      code: fields.code('client_code', { required: true }),
      name: fields.text('name', { required: true }),
      ...Object.fromEntries(DETAILS.map((column) => [column, fields.text(column)])),
      reason: fields.faults.join('; ') || null,
    }
  },

  async check(db, { business }) {
    const known = sql`select code from customer where business_id = ${business.id}::uuid and code is not null`
    await useOneSpelling(db, 'import_client', 'code', known)
    await rejectRepeated(db, 'import_client', 'code', 'this client_code')
  },

  async write(db, { business }) {
    const columns = ['name', ...DETAILS]
    const list = sql.join(columns.map((column) => sql.ref(column)))
    const kept = sql.join(columns.map((column) => sql.ref(`kept.${column}`)))
    const merged = sql.join(
      columns.map((column) => sql`coalesce(${sql.ref(`excluded.${column}`)}, ${sql.ref(`kept.${column}`)})`),
    )
    // `xmax` is 0 in a row that was inserted, and not 0 in one that was updated.
    const { rows } = await sql<{ made: number; updated: number; total: number }>`
      with written as (
        insert into customer as kept (business_id, code, ${list})
        select ${business.id}::uuid, code, ${list} from import_client order by code
        on conflict (business_id, code) do update set (${list}, updated_at) = (${merged}, now())
        where (${kept}) is distinct from (${merged})
        returning xmax = 0 as made)
      select (count(*) filter (where made))::integer as made, (count(*) filter (where not made))::integer as updated,
        (select count(*) from import_client)::integer as total
      from written`.execute(db)
    const { made = 0, updated = 0, total = 0 } = rows[0] ?? {}
    return { made, updated, unchanged: total - made - updated, madeOnTheWay: {} }
  },
}
