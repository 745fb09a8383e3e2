import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const FILE = path.join(import.meta.dirname, '../../src/oauth/oidc-provider.ts')

it('is loaded without a warning on any supported Node', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', FILE])
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' })
})
