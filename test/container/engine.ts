import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const READY_WITHIN_MS = 90_000
// Docker, or podman, which has the same commands.
const { CONTAINER_ENGINE: ENGINE = 'docker' } = process.env

/** As in production: only /tmp is writable, no capabilities, little memory. */
const RESTRICTED = [
  ['--read-only', '--tmpfs=/tmp', '--cap-drop=all', '--security-opt=no-new-privileges', '--memory=512m'],
  ['--network=host', '--no-healthcheck'],
].flat()

export interface Output {
  code: number
  stdout: string
  stderr: string
}

export interface Container {
  origin: string
  /** Runs a command in the container, as its user. */
  exec(...command: string[]): Promise<Output>
  signal(name: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Waits for the end of its process. @returns the exit code */
  ended(): Promise<number>
  logs(): Promise<string>
  remove(): Promise<void>
}

/**
 * The image to try.
 * @throws an Error that says how to build it
 */
export function image(): string {
  const { FLOWPOS_IMAGE } = process.env
  if (!FLOWPOS_IMAGE) throw new Error('FLOWPOS_IMAGE names no image: .ci/image builds one and runs these tests.')
  return FLOWPOS_IMAGE
}

/** Runs a program to its end, whatever its exit code. */
export async function run(program: string, args: string[], env: Record<string, string> = {}): Promise<Output> {
  const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 2 ** 20 }
  return promisify(execFile)(program, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Error & { code: number | string; stdout: string; stderr: string }) => {
      if (typeof error.code !== 'number') throw error
      return { code: error.code, stdout: error.stdout, stderr: error.stderr }
    },
  )
}

/** Runs a command in a new container to its end, as for one-off jobs. */
export function runOnce(settings: Record<string, string>, ...command: string[]): Promise<Output> {
  return run(ENGINE, ['run', '--rm', ...RESTRICTED, ...environment(settings), image(), ...command])
}

/** Starts the image's own command on `port` and waits until it is ready. */
export async function startContainer(port: number, settings: Record<string, string>): Promise<Container> {
  const started = await engine(
    'run',
    '--detach',
    ...RESTRICTED,
    ...environment({ ...settings, PORT: `${port}` }),
    image(),
  )
  const id = started.trim()
  const container: Container = {
    origin: `http://127.0.0.1:${port}`,
    exec: (...command) => run(ENGINE, ['exec', id, ...command]),
    signal: async (name) => void (await engine('kill', `--signal=${name}`, id)),
    ended: async () => Number(await engine('wait', id)),
    async logs() {
      const { stdout, stderr } = await run(ENGINE, ['logs', id])
      return stdout + stderr
    },
    remove: async () => void (await engine('rm', '--force', id)),
  }
  const deadline = Date.now() + READY_WITHIN_MS
  while ((await statusOf(`${container.origin}/health/ready`)) !== 200) {
    if (Date.now() > deadline) {
      const log = await container.logs()
      await container.remove()
      throw new Error(`the container is not ready: ${log.slice(-2000)}`)
    }
    await sleep(100)
  }
  return container
}

/** Status of a GET; 0 when nobody answers. */
async function statusOf(url: string): Promise<number> {
  const response = await fetch(url).catch(() => undefined)
  await response?.body?.cancel()
  return response?.status ?? 0
}

/** The image's health check command. */
export async function healthcheck(): Promise<string[]> {
  const [{ Healthcheck, Config }] = JSON.parse(await engine('image', 'inspect', image()))
  // podman has it next to the configuration, Docker inside it.
  const [kind, ...command] = (Healthcheck ?? Config.Healthcheck).Test
  if (kind !== 'CMD') throw new Error(`the health check is no plain command: ${kind}`)
  return command
}

async function engine(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(ENGINE, args)
  if (code !== 0) throw new Error(`${ENGINE} ${args[0]}: ${stderr}`)
  return stdout
}

function environment(settings: Record<string, string>): string[] {
  return Object.entries(settings).map(([name, value]) => `--env=${name}=${value}`)
}
