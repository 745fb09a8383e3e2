import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../embedded/postgres.ts'
import type { TestDatabase } from '../support/database.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const READY_WITHIN_MS = 150_000

export type Settings = Record<string, string | undefined>

/** One process of the built service, as in production. */
export interface Instance {
  port: number
  origin: string
  /** Starts or restarts it, and waits until it is ready; settings replace earlier ones. */
  start(settings?: Settings): Promise<void>
  /** Status of `/health/ready`; 0 when nobody answers. */
  ready(): Promise<number>
  /** Kills it, like a crash. */
  kill(): Promise<void>
  /** Ends it as a deployment would. @returns its exit code */
  terminate(): Promise<number | null>
}

export interface Fleet {
  instances: Instance[]
  ports: number[]
  secret: string
  stop(): Promise<void>
}

/** Starts one instance for each of the settings, on the same database. */
export async function startFleet(db: TestDatabase, settings: Settings[]): Promise<Fleet> {
  const login = `fleet_${randomBytes(4).toString('hex')}`
  await db.asOwner(`create role ${login} login in role flowpos_service`)
  const databaseUrl = new URL(db.ownerUrl)
  databaseUrl.username = login
  const secret = randomBytes(32).toString('hex')
  const base = {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl.href,
    FIREBASE_PROJECT_ID: 'flowpos',
    FIREBASE_SERVICE_ACCOUNT: JSON.stringify(SERVICE_ACCOUNT),
    MCP_TOKEN_SECRET: secret,
    MCP_RATE_LIMIT_PER_MINUTE: '1000000',
    LOG_LEVEL: 'warn',
  }
  const instances: Instance[] = []
  for (const each of settings) instances.push(createInstance(await freePort(), { ...base, ...each }))
  const stop = async () => {
    await Promise.all(instances.map((instance) => instance.kill()))
  }
  try {
    await Promise.all(instances.map((instance) => instance.start()))
  } catch (error) {
    await stop()
    throw error
  }
  return { instances, ports: instances.map(({ port }) => port), secret, stop }
}

function createInstance(port: number, initial: Settings): Instance {
  const origin = `http://127.0.0.1:${port}`
  let settings: Settings = { ...initial, PORT: String(port) }
  let child: ChildProcess | undefined
  let exit: Promise<number | null> = Promise.resolve(null)

  const instance: Instance = {
    port,
    origin,
    async start(further = {}) {
      settings = { ...settings, ...further }
      const started = spawn(process.execPath, ['dist/src/server.js'], {
        cwd: ROOT,
        env: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      const kill = () => void started.kill('SIGKILL')
      process.once('exit', kill)
      exit = once(started, 'exit').then(([code]) => {
        process.off('exit', kill)
        return code as number | null
      })
      let output = ''
      for (const stream of [started.stdout, started.stderr]) {
        stream.on('data', (chunk) => {
          output = (output + chunk).slice(-4000)
        })
      }
      const deadline = Date.now() + READY_WITHIN_MS
      while ((await instance.ready()) !== 200) {
        const isLate = Date.now() > deadline
        if (isLate) await instance.kill()
        if (isLate || started.exitCode !== null) throw new Error(`an instance is not ready: ${output}`)
        await sleep(50)
      }
    },
    async ready() {
      const answer = await fetch(`${origin}/health/ready`).catch(() => undefined)
      await answer?.body?.cancel()
      return answer?.status ?? 0
    },
    async kill() {
      child?.kill('SIGKILL')
      await exit
    },
    terminate() {
      child?.kill('SIGTERM')
      return exit
    },
  }
  return instance
}

const SERVICE_ACCOUNT = {
  type: 'service_account',
  project_id: 'flowpos',
  client_email: 'mcp@flowpos.iam.gserviceaccount.com',
  private_key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
}
