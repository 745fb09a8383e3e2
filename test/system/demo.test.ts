import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { DemoFacts } from '../../demo/welcome.ts'
import { freePort } from '../../embedded/postgres.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const run = promisify(execFile)

let directory: string
const demos: ChildProcess[] = []

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'demo-'))
})
afterAll(async () => {
  for (const demo of demos) demo.kill('SIGKILL')
  await rm(directory, { recursive: true, force: true })
})

interface Demo {
  facts: DemoFacts
  lines: string[]
  /** Ctrl-C. npm itself ends by the signal, so only what is left behind shows whether the exit was clean. */
  stop(): Promise<void>
}

/** Starts a demo as a person does, and waits for its one line. */
async function startDemo(env: Record<string, string>): Promise<Demo> {
  const child = spawn('npm', ['run', '--silent', 'demo', '--', '--json'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  demos.push(child)
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  const lines: string[] = []
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const first = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      lines.push(line)
      resolve(line)
    })
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${errors}`)))
  })
  return {
    facts: JSON.parse(first) as DemoFacts,
    lines,
    async stop() {
      // Ctrl-C reaches the whole process group.
      process.kill(-(child.pid as number), 'SIGINT')
      return ended
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers of several services, each checked where it is used
async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<any> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return response.json()
}

async function tokenOf({ identityUrl, mcpUrl, users }: DemoFacts, email = users[0]?.email): Promise<string> {
  const { idToken } = await post(`${identityUrl}/v1/accounts:signInWithPassword?key=demo`, {
    email,
    password: users.find((user) => user.email === email)?.password,
    returnSecureToken: true,
  })
  return (await post(`${mcpUrl}/token`, { firebaseIdToken: idToken })).accessToken
}

async function callTool({ mcpUrl }: DemoFacts, credential: string, name: string, args: Record<string, unknown> = {}) {
  const { result } = await post(
    mcpUrl,
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } },
    { authorization: `Bearer ${credential}` },
  )
  return result
}

const processesOf = async (dataDir: string) =>
  (await run('ps', ['-eo', 'args'])).stdout
    .split('\n')
    .filter((line) => line.includes(dataDir) && !line.includes('ps -eo'))

describe('npm run demo', () => {
  it('answers real questions, keeps its data, runs beside another, and leaves nothing behind', async () => {
    const dataDir = path.join(directory, 'one')
    const one = await startDemo({ PORT: String(await freePort()), DATA_DIR: dataDir })
    const { facts } = one
    expect(facts.users.map(({ role }) => role)).toContain('cashier')
    expect(
      facts.users
        .map(({ businesses }) => businesses.length)
        .sort()
        .reverse()[0],
    ).toBe(2)

    const token = await tokenOf(facts)
    const today = await callTool(facts, token, 'summarize_day')
    expect(today.content[0].text).toMatch(
      /^Sales GTQ [\d,]+\.\d\d with tax \(GTQ [\d,]+\.\d\d net, without tax\) from \d+ orders/,
    )
    const month = await callTool(facts, token, 'get_sales_report', { preset: 'last_30_days', groupBy: 'week' })
    expect(Number(month.structuredContent.totals.netSales)).toBeGreaterThan(10_000)
    expect((await callTool(facts, facts.apiKey, 'get_products')).structuredContent.products).toHaveLength(25)
    expect((await callTool(facts, facts.operatorKey, 'list_tenants')).structuredContent.tenants).toHaveLength(4)

    // The command line works on the demo's database while it runs.
    const env = { ...process.env, DATA_DIR: dataDir }
    const { stdout } = await run('npm', ['run', '--silent', 'rollups', '--', 'check', '--json'], { cwd: ROOT, env })
    expect(stdout.trim().split('\n')).toHaveLength(1)

    await one.stop()
    expect(one.lines).toHaveLength(1)
    await expect.poll(() => processesOf(dataDir), { timeout: 10_000 }).toEqual([])

    // A second start is quick, and a token of the first one is still valid.
    const again = await startDemo({ PORT: String(await freePort()), DATA_DIR: dataDir })
    expect((await callTool(again.facts, token, 'get_context')).isError).toBeUndefined()
    await again.stop()
  })

  it('runs twice behind one balancer, on one PostgreSQL and one Redis', async () => {
    const { Client } = (await import('pg')).default
    const admin = new Client({ connectionString: inject('postgresUrl') })
    await admin.connect()
    await admin.query('create database shared_demo')
    await admin.end()
    const url = new URL(inject('postgresUrl'))
    url.pathname = '/shared_demo'
    const shared = {
      DATABASE_URL: url.href,
      REDIS_URL: `${inject('redisUrl')}/15`,
      MCP_TOKEN_SECRET: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    }
    const [a, b] = await Promise.all(
      ['a', 'b'].map(async (name) =>
        startDemo({ ...shared, PORT: String(await freePort()), DATA_DIR: path.join(directory, name) }),
      ),
    )
    if (a === undefined || b === undefined) throw new Error('two demos were started')
    const owner = a.facts.users.find(({ businesses }) => businesses.length === 2)
    // Sign in at one, exchange at the other, use at both.
    const token = await tokenOf({ ...b.facts, identityUrl: a.facts.identityUrl }, owner?.email)
    await callTool(a.facts, token, 'set_active_business', { businessId: owner?.businesses[1]?.id })
    const context = await callTool(b.facts, token, 'get_context')
    expect(context.structuredContent.activeBusinessId).toBe(owner?.businesses[1]?.id)
    await Promise.all([a.stop(), b.stop()])
    await expect.poll(() => processesOf(directory), { timeout: 10_000 }).toEqual([])
  })

  it('says in a sentence why it does not start', async () => {
    const port = await freePort()
    const blocker = (await import('node:http')).createServer().listen(port, 'localhost')
    await expect(startDemo({ PORT: String(port), DATA_DIR: path.join(directory, 'blocked') })).rejects.toThrow(
      `port ${port}`,
    )
    blocker.close()
  })
})
