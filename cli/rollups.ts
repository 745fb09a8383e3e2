import { sql } from 'kysely'
import type { Database } from '../src/database/database.ts'
import { ServiceError } from '../src/errors.ts'
import { counted } from '../src/results/counted.ts'
import { action, runCommand, uuid } from './command.ts'

const USAGE = `npm run rollups -- check|rebuild [--business ID] [--json]

check    compares the sums of sales with the orders and refunds they are made of, and what stock copies from products
         with these; fails when a cell differs
rebuild  makes the sums anew
Both work on every business unless one is named.`

const LISTED = 20

/** A cell of a rollup that is not the sum of its rows; null if one side lacks the cell. */
interface Difference {
  rollup: string
  location_id: string | null
  basis: string | null
  day: string | null
  kept: string | null
  raw: string | null
}

await runCommand({
  usage: USAGE,
  options: { business: { type: 'string' } },
  async run({ values, words, database }) {
    const [name] = action(words, { check: 0, rebuild: 0 })
    const wanted = values.business === undefined ? undefined : uuid(values.business, '--business')
    const businesses = await findBusinesses(await database(), wanted)
    return name === 'check' ? check(await database(), businesses) : rebuild(await database(), businesses)
  },
})

async function findBusinesses(database: Database, id: string | undefined): Promise<string[]> {
  const rows = await database.within({ operator: true }, 'read', (db) => {
    const all = db.selectFrom('business').select('id').orderBy('id')
    return (id === undefined ? all : all.where('id', '=', id)).execute()
  })
  if (id !== undefined && rows.length === 0) throw new ServiceError('not_found', `There is no business ${id}.`)
  return rows.map((row) => row.id)
}

async function check(database: Database, businesses: string[]) {
  const cells: (ReturnType<typeof cellOf> & { businessId: string })[] = []
  let differences = 0
  for (const businessId of businesses) {
    const { rows } = await database.within({ businessId }, 'read', (db) =>
      sql<Difference>`
        select * from check_rollups(${businessId})
        union all select * from check_stock(${businessId})
        order by rollup, basis, day, location_id`.execute(db),
    )
    differences += rows.length
    cells.push(...rows.slice(0, LISTED - cells.length).map((row) => ({ businessId, ...cellOf(row) })))
  }
  const failure =
    differences === 0
      ? undefined
      : `${counted(differences, 'cell')} ${differences === 1 ? 'differs' : 'differ'}: run rebuild, and find out why.`
  return {
    json: { businesses: businesses.length, differences, cells },
    text:
      cells
        .map((cell) => `${cell.businessId}  ${cell.rollup}  ${cell.day ?? '–'}  kept ${cell.kept}, raw ${cell.raw}`)
        .join('\n') || `The sums of ${counted(businesses.length, 'business')} are right.`,
    failure,
  }
}

async function rebuild(database: Database, businesses: string[]) {
  for (const businessId of businesses) {
    await database.within({ businessId }, 'write', (db) =>
      sql`select rebuild_rollups(${businessId}), rebuild_stock(${businessId})`.execute(db),
    )
  }
  return {
    json: { businesses: businesses.length },
    text: `Rebuilt the sums of ${counted(businesses.length, 'business')}.`,
  }
}

function cellOf(row: Difference) {
  return {
    rollup: row.rollup,
    locationId: row.location_id,
    basis: row.basis,
    day: row.day,
    kept: row.kept,
    raw: row.raw,
  }
}
