/** A real Redis for the tests: found on PATH, or else unpacked from the distribution's packages. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { findProgram } from './debian-package.ts'
import { freePort } from './postgres.ts'

export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Ends it gracefully, even if it was halted by SIGSTOP. */
  stop(): Promise<void>
  /** Kills it, like a crash. */
  kill(): Promise<void>
}

export interface RedisServerOptions {
  /** A free one by default. */
  port?: number
  /** Where it keeps its data for the next start; by default it keeps none. */
  dir?: string
  /** Accepts only TLS, with these PEM files. */
  tls?: { certFile: string; keyFile: string }
  /** Further arguments of redis-server. */
  args?: string[]
}

const UNPACKED = fileURLToPath(new URL('../node_modules/.cache/redis', import.meta.url))

/**
 * Starts a Redis on 127.0.0.1.
 * @returns the server, once it accepts connections.
 * @throws an Error that says how to install Redis if there is none.
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

/** A connection for the tests themselves, which accepts any certificate. */
export function connectTo(url: string, password?: string): Redis {
  return new Redis(url, {
    ...(password === undefined ? {} : { password }),
    ...(url.startsWith('rediss:') ? { tls: { rejectUnauthorized: false } } : {}),
    retryStrategy: null,
  })
}

/**
 * Starts the program of Redis with any arguments.
 * @param ready what it prints when it is ready
 * @param cleanUp called when it has ended
 */
export async function launchRedis(
  args: string[],
  ready: RegExp,
  cleanUp: () => Promise<void>,
): Promise<Pick<RedisServer, 'pid' | 'stop' | 'kill'>> {
  const program = await findProgram(['redis-server', 'valkey-server'], 'redis-server', UNPACKED)
  const server = spawn(program.path, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...program.env },
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
