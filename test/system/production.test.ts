import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../../embedded/postgres.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const ROOT = path.join(import.meta.dirname, '../..')
let db: TestDatabase
let env: Record<string, string | undefined>
const children: ChildProcess[] = []

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: ROOT })
  db = await createTestDatabase()
  await db.asOwner("create role flowpos_mcp login password 'x' in role flowpos_service")
  const url = new URL(db.ownerUrl)
  url.username = 'flowpos_mcp'
  const serviceAccount = {
    type: 'service_account',
    project_id: 'flowpos',
    client_email: 'mcp@flowpos.iam.gserviceaccount.com',
    private_key: (await import('node:crypto'))
      .generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }
  env = {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    DATABASE_URL: url.href,
    REDIS_URL: inject('redisUrl'),
    FIREBASE_PROJECT_ID: 'flowpos',
    FIREBASE_SERVICE_ACCOUNT: JSON.stringify(serviceAccount),
    FIREBASE_API_KEY: 'AIza-web',
    PUBLIC_URL: 'https://api.flowpos.example',
    MCP_TOKEN_SECRET: randomBytes(32).toString('hex'),
  }
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await db?.close()
})

function start(settings: Record<string, string | undefined>) {
  const child = spawn(process.execPath, ['dist/src/server.js'], {
    cwd: ROOT,
    env: Object.fromEntries(Object.entries({ ...env, ...settings }).filter(([, value]) => value !== undefined)),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { child, ended, output: () => output }
}

describe('npm start', () => {
  it('serves as a login of the service role, and ends with 0 on SIGTERM', async () => {
    const port = await freePort()
    const { child, ended } = start({ PORT: String(port) })
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null))?.status
    await expect.poll(ready, { timeout: 20_000, interval: 200 }).toBe(200)
    const response = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST' })
    expect(response.status).toBe(401)
    // They include files that stay in packages of the build, and files that it finds by folder.
    for (const page of [
      '/settings/mcp',
      '/icons/flowpos.svg',
      '/docs/static/swagger-ui.css',
      '/.well-known/oauth-authorization-server/oauth',
    ]) {
      expect((await fetch(`http://127.0.0.1:${port}${page}`)).status, page).toBe(200)
    }
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('without what OAuth needs, serves the rest and says what is missing', async () => {
    const port = await freePort()
    const { child, ended, output } = start({ PORT: String(port), FIREBASE_API_KEY: undefined, PUBLIC_URL: undefined })
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null))?.status
    await expect.poll(ready, { timeout: 20_000, interval: 200 }).toBe(200)
    const missing = 'OAuth and /mcp/connect are off, because these settings are missing: PUBLIC_URL, FIREBASE_API_KEY'
    // The log is written in portions.
    await expect.poll(output, { timeout: 5000 }).toContain(missing)
    const metadata = '/.well-known/oauth-protected-resource/mcp/connect'
    expect((await fetch(`http://127.0.0.1:${port}${metadata}`)).status).toBe(404)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('after SIGTERM is not ready but serves until the balancers have noticed, and does not wait for silent clients', async () => {
    const port = await freePort()
    const { child, ended } = start({ PORT: String(port), SHUTDOWN_DELAY_MS: '2000' })
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null))?.status
    await expect.poll(ready, { timeout: 20_000, interval: 200 }).toBe(200)
    const silent = connect(port, '127.0.0.1').on('error', () => {})
    child.kill('SIGTERM')
    await expect.poll(ready, { timeout: 1500, interval: 50 }).toBe(503)
    expect((await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST' })).status).toBe(401)
    expect(await ended).toBe(0)
    silent.destroy()
  })

  it.each([
    ['a weak secret', { MCP_TOKEN_SECRET: 'a'.repeat(32) }, 'MCP_TOKEN_SECRET is weak'],
    ['no secret', { MCP_TOKEN_SECRET: undefined }, 'MCP_TOKEN_SECRET'],
    ['the emulator variable', { FIREBASE_AUTH_EMULATOR_HOST: 'localhost:9099' }, 'FIREBASE_AUTH_EMULATOR_HOST is set'],
    ['a demo project', { FIREBASE_PROJECT_ID: 'demo-flowpos' }, 'is a demo project'],
    ['no database', { DATABASE_URL: undefined }, 'DATABASE_URL is not set'],
    ['no Redis', { REDIS_URL: undefined }, 'REDIS_URL'],
  ])('refuses %s, saying why', async (_what, settings, reason) => {
    const { ended, output } = start(settings)
    expect(await ended).toBe(1)
    expect(output()).toContain('FlowPOS MCP does not start: ')
    expect(output()).toContain(reason)
  })

  it('refuses a role that can bypass row security', async () => {
    const { ended, output } = start({ DATABASE_URL: db.ownerUrl })
    expect(await ended).toBe(1)
    expect(output()).toContain('the database role postgres can bypass row security')
  })
})
