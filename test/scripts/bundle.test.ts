import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const SCRIPT = path.join(import.meta.dirname, '../../scripts/bundle.mjs')
const run = promisify(execFile)
let root: string

const bundle = () =>
  run(process.execPath, [SCRIPT, '--if-changed', 'built', 'src/main.ts', 'tools'], { cwd: root }).then(() => {})
const start = async () => (await run(process.execPath, [path.join(root, 'built/src/main.js')])).stdout.trim()
const write = (file: string, text: string) => writeFile(path.join(root, file), text)

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'bundle-'))
  for (const folder of [
    'src',
    'plugins',
    'tools/orders',
    'migrations',
    'cli',
    'demo',
    'embedded',
    'scripts',
    'assistant',
  ]) {
    await mkdir(path.join(root, folder), { recursive: true })
  }
  await write('package-lock.json', '{}')
  await write('assistant/vite.config.ts', 'export default {}')
  await write('src/model.ts', 'const Grant = 1; export class Model { kind = this.constructor.name }; export { Grant }')
  await write(
    'tools/orders/kept.ts',
    "import { Model } from '../../src/model.ts'; export default class Grant extends Model {}",
  )
  await write('tools/orders/gone.ts', 'export default 1')
  await write('tools/orders/kept.sql', 'select 1')
  await write('tools/orders/gone.sql', 'select 2')
  await write(
    'src/main.ts',
    `import { readdirSync } from 'node:fs'
     import { Grant } from './model.ts'
     const folder = import.meta.dirname + '/../tools/orders'
     const { default: Kept } = await import(folder + '/kept.js')
     console.log(readdirSync(folder).join(), new Kept().kind, Grant)`,
  )
})
afterAll(() => rm(root, { recursive: true, force: true }))

it('keeps the folders, and builds again only after a change', async () => {
  await bundle()
  expect(await start()).toBe('gone.js,gone.sql,kept.js,kept.sql Grant 1')

  const first = await stat(path.join(root, 'built/src/main.js'))
  await bundle()
  expect((await stat(path.join(root, 'built/src/main.js'))).ino).toBe(first.ino)

  // Files whose source is gone must not be found in the build's folders.
  await rm(path.join(root, 'tools/orders/gone.ts'))
  await rm(path.join(root, 'tools/orders/gone.sql'))
  await bundle()
  expect(await start()).toBe('kept.js,kept.sql Grant 1')

  await write('tools/orders/kept.sql', 'select 3')
  await bundle()
  expect(await readFile(path.join(root, 'built/tools/orders/kept.sql'), 'utf8')).toBe('select 3')

  await write('src/model.ts', 'export const Grant = 2; export class Model { kind = "changed" }')
  await bundle()
  expect(await start()).toBe('kept.js,kept.sql changed 2')
})
