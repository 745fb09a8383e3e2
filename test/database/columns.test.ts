import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

// Queries are written so that the compiler checks their columns against the schema's types. Here it must find errors.
const ROOT = path.join(import.meta.dirname, '../..')
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc')
let copy: string
let types: string

beforeAll(async () => {
  copy = await mkdtemp(path.join(os.tmpdir(), 'columns-'))
  for (const name of ['src', 'package.json'])
    await cp(path.join(ROOT, name), path.join(copy, name), { recursive: true })
  await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))
  const config = { extends: path.join(ROOT, 'tsconfig.json'), include: ['src/pos', 'src/import'] }
  await writeFile(path.join(copy, 'tsconfig.json'), JSON.stringify(config))
  types = await readFile(path.join(ROOT, 'src/database/types.ts'), 'utf8')
})
afterAll(() => rm(copy, { recursive: true, force: true }))

it('the compiler has no complaints while every column exists', async () => {
  expect(await filesWithErrors(types)).toEqual([])
})

it('the compiler finds who reads columns that are gone', async () => {
  // Both in one run, which takes most of the time: no file below reads the other.
  const readers = {
    'Customer.city': ['import/clients.ts', 'pos/clients/client-writing.ts', 'pos/clients/clients.ts'],
    'Orders.discounts': ['pos/intents/day-notable.ts', 'pos/orders/orders.ts'],
  }
  let left = types
  for (const [table, column] of Object.keys(readers).map((each) => each.split('.'))) {
    const line = new RegExp(`(?<=export interface ${table} \\{[^}]*)^ {2}${column}: .*\\n`, 'm')
    expect(left).toMatch(line)
    left = left.replace(line, '')
  }
  expect(await filesWithErrors(left)).toEqual(expect.arrayContaining(Object.values(readers).flat()))
})

/** The files of the copy in which the compiler finds errors, given these types of the schema. */
async function filesWithErrors(schemaTypes: string): Promise<string[]> {
  await writeFile(path.join(copy, 'src/database/types.ts'), schemaTypes)
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [TSC, '--pretty', 'false'], { cwd: copy }, (_error, stdout) => resolve(stdout))
  })
  return [...new Set([...output.matchAll(/^src\/(.+?)\(\d+,\d+\): error/gm)].map(([, file]) => file as string))].sort()
}
