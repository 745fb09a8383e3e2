/** A real Redis of our own for the tests: found on PATH, else unpacked from the distribution's packages. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { freePort } from './postgres.ts'

export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Lets it finish, also when it was halted by SIGSTOP. */
  stop(): Promise<void>
  /** Ends it as a crash does. */
  kill(): Promise<void>
}

export interface RedisServerOptions {
  /** A free one by default. */
  port?: number
  /** Where it keeps its data, left behind for the next start; by default nothing outlives it. */
  dir?: string
  /** Speaks TLS alone, with these PEM files. */
  tls?: { certFile: string; keyFile: string }
  /** Further arguments of redis-server. */
  args?: string[]
}

interface Program {
  path: string
  libraries?: string
}

const CACHE = fileURLToPath(new URL('../node_modules/.cache/redis', import.meta.url))
const run = promisify(execFile)

/**
 * Starts a Redis on 127.0.0.1.
 * @returns the server, once it accepts connections.
 * @throws an Error that says how to install Redis when there is none.
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { tls } = options
  const port = options.port ?? (await freePort())
  const listen =
    tls === undefined
      ? ['--port', String(port)]
      : ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'].concat([
          '--tls-cert-file',
          tls.certFile,
          '--tls-key-file',
          tls.keyFile,
          '--tls-ca-cert-file',
          tls.certFile,
        ])
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'flowpos-redis-')))
  const args = [...listen, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir]
  const server = await launchRedis([...args, ...(options.args ?? [])], /ready to accept connections/i, async () => {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
  })
  return { url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`, port, ...server }
}

/** A connection of the tests themselves, which takes any certificate. */
export function connectTo(url: string, password?: string): Redis {
  return new Redis(url, {
    ...(password === undefined ? {} : { password }),
    ...(url.startsWith('rediss:') ? { tls: { rejectUnauthorized: false } } : {}),
    retryStrategy: null,
  })
}

/**
 * Starts the program of Redis with any arguments.
 * @param ready what it writes when it serves
 * @param cleanUp run when it has ended
 */
export async function launchRedis(
  args: string[],
  ready: RegExp,
  cleanUp: () => Promise<void>,
): Promise<Pick<RedisServer, 'pid' | 'stop' | 'kill'>> {
  const program = await findRedis()
  const server = spawn(program.path, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(program.libraries && { LD_LIBRARY_PATH: program.libraries }) },
  })

  const lines: string[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      for (const input of [server.stdout, server.stderr]) {
        createInterface({ input }).on('line', (line) => {
          if (lines.length < 100) lines.push(line)
          if (ready.test(line)) resolve()
        })
      }
      server.once('error', reject)
      server.once('close', (code) => reject(new Error(`redis-server ended with ${code}: ${lines.join('\n')}`)))
    })
  } catch (error) {
    await cleanUp()
    throw error
  }

  const kill = () => void server.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(server, 'exit').then(async () => {
    process.off('exit', kill)
    await cleanUp()
  })
  return {
    pid: server.pid as number,
    async stop() {
      server.kill('SIGTERM')
      server.kill('SIGCONT')
      await ended
    },
    async kill() {
      kill()
      await ended
    },
  }
}

async function findRedis(): Promise<Program> {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const dir of (process.env.PATH ?? '').split(delimiter)) {
      if (dir && (await runnable(join(dir, name)))) return { path: join(dir, name) }
    }
  }
  const unpacked = await findUnpacked()
  if (unpacked) return unpacked
  try {
    await download()
  } catch (cause) {
    throw new Error(
      'The tests need a real Redis: install redis-server or valkey-server and put it on PATH ' +
        '(`apt-get install redis-server`, `brew install redis`). Fetching the package did not work: ' +
        (cause instanceof Error ? cause.message : String(cause)),
      { cause },
    )
  }
  const fetched = await findUnpacked()
  if (!fetched) throw new Error(`The fetched packages hold no redis-server: remove ${CACHE} and install redis-server.`)
  return fetched
}

async function findUnpacked(): Promise<Program | undefined> {
  const path = join(CACHE, 'usr/bin/redis-server')
  if (!(await runnable(path))) return undefined
  const roots = [join(CACHE, 'usr/lib'), join(CACHE, 'lib')]
  const folders = await Promise.all(
    roots.map(async (root) => (await readdir(root).catch(() => [])).map((name) => join(root, name))),
  )
  return { path, libraries: [...roots, ...folders.flat()].join(':') }
}

/** Fetches Redis with what it needs and this machine lacks, without root and without changing the machine. */
async function download(): Promise<void> {
  await mkdir(join(CACHE, '..'), { recursive: true })
  const work = await mkdtemp(`${CACHE}-`)
  try {
    const archives = join(work, 'cache/archives')
    await mkdir(join(archives, 'partial'), { recursive: true })
    await mkdir(join(work, 'lists/partial'), { recursive: true })
    // Apt's own download user could not enter this folder, and only the private cache may be written without root.
    const own = [
      '-qq',
      '-o',
      `Dir::Cache=${join(work, 'cache')}`,
      '-o',
      'Debug::NoLocking=1',
      '-o',
      'APT::Sandbox::User=',
    ]
    const fetch = [...own, 'install', '-y', '--download-only', '--no-install-recommends', 'redis-server']
    const lists = ['-o', `Dir::State::lists=${join(work, 'lists')}`]
    try {
      await run('apt-get', fetch)
    } catch {
      // The package lists of the machine are missing or too old.
      await run('apt-get', [...lists, ...own, 'update'])
      await run('apt-get', [...lists, ...fetch])
    }
    const root = join(work, 'root')
    for (const name of await readdir(archives)) {
      if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', join(archives, name), root])
    }
    // A test run beside this one may have put the same there meanwhile.
    await rename(root, CACHE).catch(() => {})
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function runnable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
