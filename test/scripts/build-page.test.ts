import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildPage, isPageFresh } from '../../scripts/build-page.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pages-'))
  await buildPage(folder)
})
afterAll(() => rm(folder, { recursive: true }))

it.each(['oauth', 'settings'])('takes only types of schemas into the scripts of %s', async (page) => {
  const html = await readFile(path.join(folder, page, 'index.html'), 'utf8')
  const files = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, file]) => file as string)
  expect(files.length).toBeGreaterThan(1)
  const scripts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')))
  expect(scripts.join()).toContain('POST')
  expect(scripts.join()).not.toContain('TypeBox')
})

it('takes no more than a phone loads in a moment', async () => {
  const files = (await readdir(path.join(folder, 'assets'))).filter((file) => file.endsWith('.js.br'))
  const sizes = await Promise.all(files.map(async (file) => (await readFile(path.join(folder, 'assets', file))).length))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000)
})

it('is fresh until a source is newer, or where nothing is built', async () => {
  expect(await isPageFresh(folder)).toBe(true)
  expect(await isPageFresh(path.join(folder, 'empty'))).toBe(false)
  const longAgo = new Date('2020-01-01T00:00:00Z')
  await utimes(path.join(folder, 'settings/index.html.br'), longAgo, longAgo)
  expect(await isPageFresh(folder)).toBe(false)
})
