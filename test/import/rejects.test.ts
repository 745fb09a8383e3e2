import { randomUUID } from 'node:crypto'
import { chmod, lstat, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type FileReport, importFiles } from '../../src/import/import.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeShop, type Shop } from '../support/shop.ts'
import { type ImportBench, importBench } from './files.ts'

let db: TestDatabase
let bench: ImportBench
let shop: Shop
beforeAll(async () => {
  db = await createTestDatabase()
  bench = await importBench(db)
})
afterAll(async () => {
  await bench.remove()
  await db.close()
})
beforeEach(async () => {
  shop = await makeShop(db)
})

describe('a code in the form of an id', () => {
  const id = randomUUID()

  it.each([
    ['orders', 'order_number,ordered_at,sku,quantity,unit_price', `${id},2026-03-01,A,1,5`, 'order_number'],
    ['orders', 'order_number,ordered_at,sku,quantity,unit_price', `1,2026-03-01,${id.toUpperCase()},1,5`, 'sku'],
    [
      'orders',
      'order_number,ordered_at,sku,quantity,unit_price,client_code',
      `1,2026-03-01,A,1,5,${id}`,
      'client_code',
    ],
    ['products', 'sku,name', `${id},Huipil`, 'sku'],
    ['clients', 'client_code,name', `${id},Rosa`, 'client_code'],
  ] as const)('is rejected in %s: %s', async (kind, header, row, column) => {
    const { imported, rejects } = await bench.load(shop, kind, [header, row])
    expect({ imported, reason: rejects[0]?.reason.toLowerCase() }).toEqual({
      imported: false,
      reason: `${column} "${id}" has the form of an id (a uuid)`,
    })
  })
})

describe('the file of rejected rows', () => {
  const HEADER = 'client_code,name,email,phone,city'
  const ROWS = [
    '=1+1,"=HYPERLINK(""https://evil.example"",""Rosa"")",,+502 5555,-2',
    `'=2+2,@SUM(A1),,-5.50,${'x'.repeat(501)}`,
    "'quoted,'' =x,,'-1,'",
  ]
  const bad = (rows: readonly string[]) => rows.map((row) => row.replace(',,', ',too,many,'))
  const codes = () =>
    db.asOwner('select code, name, phone, city from customer where business_id = $1 order by code', [shop.id])
  const load = (rows: readonly string[]) => bench.load(shop, 'clients', [HEADER, ...rows], { skipBad: true })
  const fileOf = (report: FileReport) => report.rejectedFile as string

  it('has no cell that a spreadsheet takes for a formula, and the same values when it is imported', async () => {
    // Nothing of the first file is good; the mended one is read as the original would have been.
    const text = await readFile(fileOf(await load(bad(ROWS))), 'utf8')
    const cells = (parse(text, { relax_column_count: true }) as string[][]).flat()
    expect(cells.filter((cell) => /^[=+\-@]/.test(cell) && !/^-\d+(\.\d+)?$/.test(cell))).toEqual([])
    expect(cells).toEqual(expect.arrayContaining(["'=1+1", "'=2+2", "'@SUM(A1)", "'+502 5555", '-5.50', '-2']))

    const mended = text
      .trim()
      .replaceAll(',too,many,', ',,')
      .replace(/x{501}/, 'Cobán')
      .split('\n')
    expect(await bench.load(shop, 'clients', mended)).toMatchObject({ imported: true, made: 3 })
    expect(await codes()).toEqual([
      { code: "'quoted", name: "'' =x", phone: '-1', city: "'" },
      { code: '=1+1', name: '=HYPERLINK("https://evil.example","Rosa")', phone: '+502 5555', city: '-2' },
      { code: '=2+2', name: '@SUM(A1)', phone: '-5.50', city: 'Cobán' },
    ])
    const again = await makeShop(db)
    await bench.load(again, 'clients', [HEADER, ...ROWS.map((row) => row.replace(/x{501}/, 'Cobán'))])
    const direct = await db.asOwner(
      'select code, name, phone, city from customer where business_id = $1 order by code',
      [again.id],
    )
    expect(direct).toEqual(await codes())
  })

  it('is written as the file is: in its encoding, with its separator', async () => {
    const file = await bench.write('clients.csv', [])
    await writeFile(file, Buffer.from('client_code;name\nA;Müller \x80;\nB;Ana\n', 'latin1'))
    await importFiles(db.commands, { businessId: shop.id, files: { clients: file }, skipBad: true })
    const [, ...rows] = (await readFile(`${file}.rejected.csv`, 'latin1')).split('\n')
    expect(rows).toEqual(['2;it has 3 values where the header has 2;A;Müller \x80;', ''])
  })

  it('is readable to its owner alone, also when it takes the place of an older one', async () => {
    const file = fileOf(await load(bad(ROWS)))
    expect((await lstat(file)).mode & 0o777).toBe(0o600)
    await chmod(file, 0o644)
    await load(bad(ROWS))
    expect((await lstat(file)).mode & 0o777).toBe(0o600)
  })

  it('is not written through a symbolic link', async () => {
    const file = fileOf(await load(bad(ROWS)))
    const victim = `${file}.victim`
    await writeFile(victim, 'precious')
    await rm(file)
    await symlink(victim, file)
    await load(bad(ROWS))
    expect(await readFile(victim, 'utf8')).toBe('precious')
    expect((await lstat(file)).isFile()).toBe(true)
  })
})
