import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { here } from './run.ts'

/** Installs the clients when they are missing or older than their lock file. */
export default async function install(): Promise<void> {
  const [locked, installed] = await Promise.all(
    ['package-lock.json', 'node_modules/.package-lock.json'].map((path) => stat(here(path)).catch(() => null)),
  )
  if (locked && installed && installed.mtimeMs >= locked.mtimeMs) return

  // The clients do not need their install scripts.
  const args = ['ci', '--prefix', here('.'), '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  const npm = spawn('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' })
  const [code] = await once(npm, 'close')
  if (code !== 0) throw new Error(`npm ci --prefix test/clients ended with ${code}`)
}
