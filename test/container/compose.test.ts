import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run } from './engine.ts'
import { ROOT } from './surroundings.ts'

const SETTINGS = {
  POSTGRES_PASSWORD: 'aa',
  FLOWPOS_OWNER_PASSWORD: 'bb',
  FLOWPOS_MCP_PASSWORD: 'cc',
  FLOWPOS_CLI_PASSWORD: 'ff',
  FLOWPOS_BACKUP_PASSWORD: 'gg',
  REDIS_PASSWORD: 'dd',
  MCP_TOKEN_SECRET: 'ee',
  PUBLIC_URL: 'https://api.example.com',
  FIREBASE_PROJECT_ID: 'flowpos',
  FIREBASE_SERVICE_ACCOUNT: '{"type":"service_account"}',
}

let dir: string
// Replaces the developer's own .env.
let empty: string
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'flowpos-compose-'))
  empty = path.join(dir, 'empty.env')
  await writeFile(empty, '')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

function config(settings: Record<string, string>) {
  const files = ['--project-directory', ROOT, '--env-file', empty, '-f', path.join(ROOT, 'compose.yaml')]
  return run('docker-compose', [...files, 'config'], settings)
}

it('is valid with all its settings, and gives the instances no password but their own', async () => {
  const { code, stdout, stderr } = await config(SETTINGS)
  expect(code, stderr).toBe(0)
  const instance = stdout.slice(stdout.indexOf('\n  mcp:\n'), stdout.indexOf('\n  migrate:\n'))
  expect(instance).toContain('postgres://flowpos_mcp:cc@')
  expect(instance).toContain('replicas: 3')
  for (const other of ['bb@', 'ff@', 'gg']) expect(instance).not.toContain(other)
  // A setting that compose.yaml does not name would silently have no effect.
  const { stdout: set } = await config({ ...SETTINGS, DATABASE_POOL_SIZE: '4' })
  expect(set).toMatch(/DATABASE_POOL_SIZE: '4'/)
})

it.each(Object.keys(SETTINGS))('refuses to start without %s, saying how to set it', async (name) => {
  const { [name as keyof typeof SETTINGS]: _, ...rest } = SETTINGS
  const { code, stderr } = await config({ ...rest, [name]: '' })
  expect(code).not.toBe(0)
  expect(stderr).toContain('set it to')
  expect(stderr).toContain(name)
})
