import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../embedded/debian-package.ts'
import { freePort } from '../../embedded/postgres.ts'

export interface Balancer {
  origin: string
  stop(): Promise<void>
}

const DEPLOY = join(import.meta.dirname, '../../deploy/nginx')

/** nginx as it is deployed, over instances on these ports. It notices failures only when it connects. */
export async function startNginx(ports: number[]): Promise<Balancer> {
  const [main, upstream] = await Promise.all(
    ['nginx.conf', 'upstream.conf'].map((name) => readFile(join(DEPLOY, name), 'utf8')),
  )
  return startBalancer('nginx', 'nginx-light', (port, dir) => ({
    args: ['-p', dir, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;'],
    files: {
      'nginx.conf': replaced(main as string, [
        [/listen 8080;/, `listen 127.0.0.1:${port};`],
        [/\/tmp\//g, `${dir}/`],
        [/access_log .*;/, 'access_log off;'],
      ]),
      // Without a name server, the instances are listed one by one.
      'upstream.conf': replaced(upstream as string, [
        [/resolver .*;/, ''],
        [/server \S+ resolve (.*);/, ports.map((each) => `server 127.0.0.1:${each} $1;`).join(' ')],
      ]),
    },
  }))
}

/** HAProxy over the same instances, which it asks whether they are ready. */
export async function startHaproxy(ports: number[]): Promise<Balancer> {
  return startBalancer('haproxy', 'haproxy', (port, dir) => ({
    args: ['-db', '-q', '-f', `${dir}/haproxy.cfg`],
    files: {
      'haproxy.cfg': `
      defaults
        mode http
        timeout connect 1s
        timeout client 1h
        timeout server 1h
        option http-no-delay
        # Only what could not connect is tried elsewhere.
        retries 2
        option redispatch 1
      frontend mcp
        bind 127.0.0.1:${port}
        default_backend flowpos
      backend flowpos
        balance roundrobin
        option httpchk GET /health/ready
        timeout check 3s
        default-server check inter 300ms fall 1 rise 1
        ${ports.map((each, index) => `server instance${index} 127.0.0.1:${each}`).join('\n        ')}
`,
    },
  }))
}

type Setup = (port: number, dir: string) => { args: string[]; files: Record<string, string> }

function replaced(text: string, changes: [RegExp, string][]): string {
  return changes.reduce((changed, [pattern, by]) => {
    if (changed.search(pattern) < 0) throw new Error(`there is no ${pattern} in the configuration`)
    return changed.replace(pattern, by)
  }, text)
}

async function startBalancer(name: string, packageName: string, setup: Setup): Promise<Balancer> {
  const program = await findProgram(name, packageName)
  const [port, dir] = [await freePort(), await mkdtemp(join(tmpdir(), `flowpos-${name}-`))]
  // nginx runs as another user.
  await chmod(dir, 0o755)
  const { args, files } = setup(port, dir)
  for (const [file, text] of Object.entries(files)) await writeFile(join(dir, file), text)
  const child = spawn(program.path, args, {
    env: { ...process.env, ...program.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(child, 'exit').then(async () => {
    process.off('exit', kill)
    await rm(dir, { recursive: true, force: true })
  })

  const origin = `http://127.0.0.1:${port}`
  for (;;) {
    const answer = await fetch(`${origin}/health/live`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.status === 200) break
    if (child.exitCode !== null) throw new Error(`${name} does not start: ${output}`)
    await sleep(50)
  }
  return {
    origin,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
