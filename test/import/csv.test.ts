import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseMap } from '../../src/import/columns.ts'
import { openCsv } from '../../src/import/csv.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowpos-csv-'))
})
afterAll(() => rm(folder, { recursive: true }))

const COLUMNS = { required: ['sku', 'name'], optional: ['price'] }

async function rowsOf(content: string | Buffer, map: [string, string][] = []) {
  const file = join(folder, 'file.csv')
  await writeFile(file, content)
  const csv = await openCsv(file, COLUMNS, { map: new Map(map) })
  const rows = []
  for await (const row of csv.rows()) rows.push(row)
  return { ...csv, rows }
}

describe('openCsv', () => {
  it('matches headers in any case, by name or as mapped, and reports unused ones', async () => {
    const { rows, unused } = await rowsOf('\ufeffCode, NAME ,Colour\nA1,Mug,red\n', [['sku', 'code']])
    expect(rows).toEqual([{ line: 2, raw: ['A1', 'Mug', 'red'], cells: { sku: 'A1', name: 'Mug' }, fault: undefined }])
    expect(unused).toEqual(['Colour'])
  })

  it('counts lines as an editor does, over line breaks in values and empty lines', async () => {
    const { rows } = await rowsOf('sku,name\r\nA,"two\r\nlines"\r\n\r\n,\r\nB,b\r\nC,"three\n\nlines"\r\nD,d')
    expect(rows.map((row) => [row.line, row.cells.name])).toEqual([
      [2, 'two lines'],
      [6, 'b'],
      [7, 'three lines'],
      [10, 'd'],
    ])
  })

  it('strips control characters and keeps everything else, formulas too', async () => {
    const { rows } = await rowsOf('sku,name\nA,"=1+1 \u0000\u001b[31m ""Mug"" ☕"\n')
    expect(rows[0]?.cells.name).toBe('=1+1  [31m "Mug" ☕')
  })

  it('reads UTF-16 with a byte order mark', async () => {
    const { rows } = await rowsOf(Buffer.from('\ufeffsku,name\nA,Café\n', 'utf16le'))
    expect(rows[0]?.cells).toEqual({ sku: 'A', name: 'Café' })
  })

  it('marks rows of another width, and rows with bytes that are not text', async () => {
    const broken = Buffer.concat([
      Buffer.from('sku,name\nA\nB,b,c\nD,Caf'),
      Buffer.from([0xe9]),
      Buffer.from('\nE,Café\n'),
    ])
    const { rows } = await rowsOf(broken)
    expect(rows.map((row) => row.fault)).toEqual([
      'it has 1 values where the header has 2',
      'it has 3 values where the header has 2',
      'it holds bytes that are not UTF-8 text',
      undefined,
    ])
  })

  it('reads Windows-1252, which is what bytes are that are not UTF-8', async () => {
    const { rows } = await rowsOf(Buffer.from('sku,name\nA,Grüner Tee\nB,5 \x80\n', 'latin1'))
    expect(rows.map((row) => row.cells.name)).toEqual(['Grüner Tee', '5 €'])
  })

  it.each([
    ['sku;name\nA;"Mug; red"\n', ';'],
    ['sku\tname\nA\tMug; red\n', '\t'],
    ['sep=;\r\nsku;name\r\nA;"Mug; red"\r\n', ';'],
    ['Products\n"1 to 7, January"\n\nsku,name\nA,Mug; red\n', ','],
  ])('finds the header and what separates it: %#', async (content, delimiter) => {
    const file = await rowsOf(content)
    expect(file).toMatchObject({ delimiter, rows: [{ cells: { sku: 'A', name: 'Mug; red' } }] })
    expect(file.rows[0]?.line).toBe(content.trimEnd().split('\n').length)
  })

  it.each([
    ['', 'file.csv is empty'],
    ['sku,price\n', 'file.csv has no column name. Found: sku, price.'],
    ['sku,name,SKU\n', 'two columns named sku'],
    ['sku,name\nA,"open\n', 'line 2: a quote is opened and not closed'],
    ['sku,name\nA,"b"c\n', 'line 2: this is not CSV'],
    [`sku,name\nA,"${'x'.repeat(200_000)}`, 'a row is longer than 100000 bytes'],
  ])('refuses a file as a whole: %#', async (content, message) => {
    await expect(rowsOf(content)).rejects.toThrow(message)
  })

  it('names a mapped header that is not there, with those that are', async () => {
    await expect(rowsOf('sku,name\n', [['price', 'Preis']])).rejects.toThrow(
      'file.csv has no column Preis (mapped to price). Found: sku, name.',
    )
  })

  it('says which file is not there', async () => {
    await expect(openCsv(join(folder, 'none.csv'), COLUMNS)).rejects.toThrow('there is no such file')
  })
})

describe('parseMap', () => {
  it('reads pairs, together or one by one', () => {
    const map = parseMap(['sku=Stock Code,name = Description', 'price=Price'], ['sku', 'name', 'price'])
    expect(Object.fromEntries(map)).toEqual({ sku: 'Stock Code', name: 'Description', price: 'Price' })
  })

  it('takes commas in a header, and no header for a column that the file has not', () => {
    const map = parseMap(['sku=Code, internal,name=', 'price=Price, net'], ['sku', 'name', 'price'])
    expect(Object.fromEntries(map)).toEqual({ sku: 'Code, internal', name: '', price: 'Price, net' })
  })

  it('names an unknown column with the known ones, and anything that is not a pair', () => {
    expect(() => parseMap(['sku=A,colour=B'], ['sku', 'name'])).toThrow('no column colour. Columns: sku, name.')
    expect(() => parseMap(['sku'], ['sku'])).toThrow('"sku" is not of the form column=Header')
  })
})
