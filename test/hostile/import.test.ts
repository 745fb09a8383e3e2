import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { importFiles } from '../../src/import/import.ts'
import { type ImportBench, importBench } from '../import/files.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeShop, type Shop } from '../support/shop.ts'
import { hostileText } from './arbitraries.ts'
import { COUNTS, leakIn, seed } from './siege.ts'

const COUNT = COUNTS.import
const ROWS = 20

const COLUMNS = {
  products: ['sku', 'name', 'category', 'price', 'cost', 'on_hand', 'supplier', 'location', 'active'],
  clients: ['code', 'name', 'email', 'phone', 'tax_id', 'city', 'country', 'note'],
  orders: ['order_number', 'date', 'sku', 'quantity', 'unit_price', 'client_code', 'status', 'payment_method'],
} as const

/** Values of the columns that are not free texts. */
const PLAUSIBLE: Record<string, readonly string[]> = {
  price: ['1', '2.50'],
  cost: ['', '0.5'],
  on_hand: ['', '3'],
  active: ['', 'yes', 'no'],
  email: ['', 'ana@example.com'],
  order_number: ['1', '2', '3', '4', '5'],
  date: ['2026-03-01', '2026-03-01T10:00:00'],
  quantity: ['1', '2'],
  unit_price: ['1', '2.50'],
  status: ['', 'completed', 'open'],
  payment_method: ['', 'cash'],
  client_code: ['', 'C-1'],
}

let db: TestDatabase
let bench: ImportBench
let shop: Shop

beforeAll(async () => {
  db = await createTestDatabase()
  bench = await importBench(db)
  shop = await makeShop(db)
})
afterAll(async () => {
  await bench?.remove()
  await db?.close()
})

it(`imports or rejects ${COUNT} hostile rows, and keeps no control character`, { timeout: 600_000 }, async () => {
  let rows = 0
  let imported = 0
  const cellOf = (column: string) =>
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...(PLAUSIBLE[column] ?? ['Pan'])) },
      { weight: column in PLAUSIBLE ? 1 : 9, arbitrary: hostileText },
    )
  const file = fc.constantFrom('products', 'clients', 'orders').chain((name) => {
    const kind = name as keyof typeof COLUMNS
    const row: fc.Arbitrary<string[]> = fc.tuple(...COLUMNS[kind].map(cellOf))
    return fc.record({
      kind: fc.constant(kind),
      cells: fc.array(
        fc.oneof({ weight: 9, arbitrary: row }, { weight: 1, arbitrary: fc.array(hostileText, { maxLength: 12 }) }),
        { minLength: ROWS, maxLength: ROWS },
      ),
      isQuoted: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    })
  })
  const property = fc.asyncProperty(file, async ({ kind, cells, isQuoted }) => {
    rows += cells.length
    const quoted = (value: string) => (isQuoted ? `"${value.replaceAll('"', '""')}"` : value)
    const path = await bench.write(`${kind}.csv`, [COLUMNS[kind].join(), ...cells.map((row) => row.map(quoted).join())])
    const options = { businessId: shop.id, files: { [kind]: path }, skipBad: true }
    const report = await importFiles(db.commands, options).catch((error: unknown) => {
      // Only a sentence for the merchant; anything else would be a crash.
      if (error instanceof ServiceError) return error
      throw error
    })
    const said = report instanceof ServiceError ? report.message : JSON.stringify(report.files[0]?.rejects)
    expect(leakIn({ body: said.replaceAll(path, ''), headers: {} })).toBeUndefined()
    if (report instanceof ServiceError) return
    const [result] = report.files
    imported += (result?.rows ?? 0) - (result?.rejected ?? 0)
    if (result?.rejectedFile) {
      const [, ...rejected] = parse(await readFile(result.rejectedFile), { relax_column_count: true }) as string[][]
      expect(rejected).toHaveLength(result.rejected)
      // What we write into it ourselves is no formula.
      for (const [line, reason] of rejected) expect(`${line} ${reason}`).toMatch(/^\d+ [^=+@\t\r-]/)
    }
  })
  await fc.assert(property, { seed: seed(), numRuns: Math.ceil(COUNT / ROWS), endOnFailure: true })
  console.log(`import: ${rows} rows, ${imported} imported, HOSTILE_SEED=${seed()}`)
  expect(rows).toBeGreaterThanOrEqual(COUNT)
  expect(imported).toBeGreaterThan(0)

  const columns = await db.asOwner<{ table: string; column: string }>(
    `select table_name as "table", column_name as "column" from information_schema.columns
     where table_schema = 'public' and table_name in ('product', 'product_variant', 'category', 'supplier', 'customer', 'orders', 'order_item')
       and data_type = 'text' and is_generated = 'NEVER'`,
  )
  for (const { table, column } of columns) {
    const found = await db.asOwner(
      `select "${column}" from "${table}" where "${column}" ~ '[\\x01-\\x1f\\x7f]' limit 1`,
    )
    expect({ table, column, found }).toEqual({ table, column, found: [] })
  }
})
