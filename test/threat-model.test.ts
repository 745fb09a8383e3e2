import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'

it('every test that the threat model names exists', async () => {
  const text = await readFile(path.join(import.meta.dirname, '../docs/threat-model.md'), 'utf8')
  const named = [...new Set([...text.matchAll(/[\w/-]+\.test\.ts/g)].map(([file]) => file))]
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((file) => !existsSync(path.join(import.meta.dirname, file)))).toEqual([])
})
