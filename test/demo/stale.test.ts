import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { removeStale } from '../../demo/stale.ts'

test('a compiled tool goes with its source, and nothing else does', async () => {
  const root = await mkdtemp(path.join(os.tmpdir(), 'stale-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const compiled = path.join(root, 'dist-demo')
  for (const folder of ['tools/orders', 'migrations', 'dist-demo/tools/orders', 'dist-demo/migrations']) {
    await mkdir(path.join(root, folder), { recursive: true })
  }
  for (const file of ['tools/orders/kept.ts', 'dist-demo/tools/orders/kept.js', 'dist-demo/tools/orders/gone.js']) {
    await writeFile(path.join(root, file), '')
  }

  await removeStale(compiled, root)

  expect(await readdir(path.join(compiled, 'tools/orders'))).toEqual(['kept.js'])
})
