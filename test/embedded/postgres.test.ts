import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type EmbeddedPostgres, freePort, openPostgres, startPostgres } from '../../embedded/postgres.ts'

const root = process.getuid?.() === 0
const binDir = process.env.PG_BIN
const launcher = new URL('../../embedded/postgres.ts', import.meta.url).href

let parent: string
let dataDir: string
/** A cluster shared by several tests, to save time. */
let shared: { dataDir: string; binDir: string | undefined; durable: false }
const servers: EmbeddedPostgres[] = []

/** Remembers a server, so that it is stopped after the test in any case. */
async function started(server: Promise<EmbeddedPostgres>): Promise<EmbeddedPostgres> {
  servers.push(await server)
  return server
}

async function query(server: EmbeddedPostgres, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url() })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** Opens the data directory in a separate process, as the demo does. */
async function openElsewhere(options: object) {
  const script = `
    import { openPostgres } from ${JSON.stringify(launcher)}
    const { pid, port } = await openPostgres(${JSON.stringify(options)})
    console.log(JSON.stringify({ pid, port }))`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, ...(JSON.parse(line) as { pid: number; port: number }) }
}

const alive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

beforeAll(async () => {
  const home = await mkdtemp(join(tmpdir(), 'flowpos-test-'))
  await chmod(home, 0o755)
  shared = { dataDir: join(home, 'cluster'), binDir, durable: false }
  return () => rm(home, { recursive: true, force: true })
})

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'flowpos-test-'))
  await chmod(parent, 0o755)
  dataDir = join(parent, 'cluster')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) await server.stop()
  await rm(parent, { recursive: true, force: true })
})

describe('startPostgres', { timeout: 20_000 }, () => {
  it('runs a throw-away server and leaves nothing', async () => {
    vi.stubEnv('TMPDIR', parent)
    const server = await started(startPostgres({ binDir }))
    const settings = `select current_user as who, current_setting('timezone') as zone, current_setting('fsync') as fsync,
      current_setting('max_connections') as connections, current_setting('listen_addresses') as addresses`
    expect(await query(server, settings)).toEqual([
      { who: 'postgres', zone: 'UTC', fsync: 'off', connections: '200', addresses: '127.0.0.1' },
    ])
    await server.stop()
    await server.stop()
    expect(alive(server.pid)).toBe(false)
    expect(await readdir(parent)).toEqual([])
  })

  it('keeps a data directory, durably', async () => {
    const first = await started(startPostgres({ dataDir, binDir }))
    expect(await query(first, "select current_setting('fsync') as fsync")).toEqual([{ fsync: 'on' }])
    await query(first, 'create table kept as select 42 as answer')
    await first.stop()
    const second = await started(startPostgres({ dataDir, binDir }))
    expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }])
    expect(await readdir(parent)).toEqual(['cluster'])
  })

  it.runIf(root)('uses a data directory below a parent that its user may not enter', async () => {
    await chmod(parent, 0o700)
    const server = await started(startPostgres({ dataDir, binDir, durable: false }))
    await query(server, 'create table kept as select 1 as one')
    await server.stop()
    expect(await readdir(dataDir)).toContain('PG_VERSION')
    const again = await started(openPostgres({ dataDir, binDir, durable: false }))
    expect(await query(again, 'select one from kept')).toEqual([{ one: 1 }])
  })

  it('says what to do about a missing program, a foreign directory, and a taken port', async () => {
    await expect(startPostgres({ binDir: '/nowhere' })).rejects.toThrow(/set PG_BIN/)
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'orders.csv'), 'mine')
    await expect(startPostgres({ dataDir, binDir })).rejects.toThrow(/choose an empty data directory/)
    expect(await readFile(join(dataDir, 'orders.csv'), 'utf8')).toBe('mine')

    const port = await freePort()
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    await expect(startPostgres({ ...shared, port })).rejects.toThrow(/choose another one/)
    other.close()
  })
})

describe('openPostgres', { timeout: 20_000 }, () => {
  it('uses the server of another process and leaves it running', async () => {
    const elsewhere = await openElsewhere(shared)
    const server = await started(openPostgres(shared))
    expect(server).toMatchObject({ pid: elsewhere.pid, port: elsewhere.port, owned: false })
    await server.stop()
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])

    // Even if its process is killed, the server ends with it.
    elsewhere.child.kill('SIGKILL')
    await expect.poll(() => readdir(shared.dataDir), { timeout: 5000 }).not.toContain('postmaster.pid')
    const own = await started(openPostgres(shared))
    expect(own.owned).toBe(true)
  })

  it('makes one server of simultaneous starts', async () => {
    const both = await Promise.all([1, 2].map(() => started(openPostgres({ dataDir, binDir, durable: false }))))
    expect(new Set(both.map(({ pid }) => pid)).size).toBe(1)
    expect(both.filter(({ owned }) => owned)).toHaveLength(1)
  })

  it('starts after a kill -9, even if another process has the old process id by now', async () => {
    const kept = { ...shared, durable: true }
    const killed = await started(openPostgres(kept))
    await query(killed, 'create table kept as select 42 as answer')
    process.kill(killed.pid, 'SIGKILL')
    const lockFile = join(shared.dataDir, 'postmaster.pid')
    const recovered = await started(openPostgres(kept))
    expect(await query(recovered, 'select answer from kept')).toEqual([{ answer: 42 }])
    const lock = await readFile(lockFile, 'utf8')
    await recovered.stop()

    const bystander = spawn('sleep', ['60'], { cwd: '/', ...(root && { uid: 65534, gid: 65534 }) })
    await writeFile(lockFile, lock.replace(/^\d+/, String(bystander.pid)), { mode: 0o600 })
    const server = await started(openPostgres(kept))
    expect(await query(server, 'select answer from kept')).toEqual([{ answer: 42 }])
    bystander.kill()
  })
})
