import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../embedded/postgres.ts'
import { ROOT } from './surroundings.ts'

export interface Nginx {
  origin: string
  /** The upstream of each request so far, as `host:port`; all of them, if nginx passed a request on. */
  answeredBy(): Promise<string[]>
  stop(): Promise<void>
}

/**
 * The system's nginx with deploy/nginx/nginx.conf; only addresses and folders are replaced.
 * @param ports of the instances on 127.0.0.1
 */
export async function startNginx(ports: number[]): Promise<Nginx> {
  const dir = await mkdtemp(path.join(tmpdir(), 'flowpos-nginx-'))
  // nginx runs as another user.
  await chmod(dir, 0o755)
  const port = await freePort()
  const log = path.join(dir, 'access.log')
  const shipped = await readFile(path.join(ROOT, 'deploy/nginx/nginx.conf'), 'utf8')
  const upstream = await readFile(path.join(ROOT, 'deploy/nginx/upstream.conf'), 'utf8')
  await writeFile(
    path.join(dir, 'nginx.conf'),
    shipped
      .replaceAll('/tmp/', `${dir}/`)
      .replace('/dev/stdout', log)
      .replace('listen 8080', `listen 127.0.0.1:${port}`),
  )
  // Addresses instead of names: Docker's name server is not here, and an older nginx would resolve names only once.
  const [, line = ''] = /^\s*server mcp:4000 resolve (.*);$/m.exec(upstream) ?? []
  const servers = ports.map((each) => `server 127.0.0.1:${each} ${line};`).join('\n')
  await writeFile(
    path.join(dir, 'upstream.conf'),
    upstream.replace(/^resolver .*$/m, '').replace(/^\s*server mcp:4000.*$/m, servers),
  )

  const child = spawn('/usr/sbin/nginx', ['-p', dir, '-c', `${dir}/nginx.conf`, '-e', 'stderr', '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  const ended = once(child, 'exit')
  const origin = `http://127.0.0.1:${port}`
  while (!(await fetch(`${origin}/health/live`).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`nginx does not start: ${output}`)
    await sleep(50)
  }
  // Earlier requests are not part of the test.
  const before = (await readLog()).length

  async function readLog(): Promise<string[]> {
    return (await readFile(log, 'utf8')).split('\n').filter((each) => each !== '')
  }
  return {
    origin,
    async answeredBy() {
      const lines = (await readLog()).slice(before)
      return lines.map((each) => /" \d+ [\d.]+ (.*?) [\d, -]+$/.exec(each)?.[1] ?? each)
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
      await rm(dir, { recursive: true, force: true })
    },
  }
}
