import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises'
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

it.each(['oauth', 'settings'])('takes only types of schemas into the script of %s', async (page) => {
  const script = await readFile(path.join(folder, page, 'page.js'), 'utf8')
  expect(script).toContain('POST')
  expect(script).not.toContain('TypeBox')
})

it('is fresh until a source is newer, or where nothing is built', async () => {
  expect(await isPageFresh(folder)).toBe(true)
  expect(await isPageFresh(path.join(folder, 'empty'))).toBe(false)
  const longAgo = new Date('2020-01-01T00:00:00Z')
  await utimes(path.join(folder, 'settings/page.js.br'), longAgo, longAgo)
  expect(await isPageFresh(folder)).toBe(false)
})
