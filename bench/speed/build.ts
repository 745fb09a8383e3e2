import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { build, stop } from 'esbuild'
import { buildPage } from '../../scripts/build-page.ts'

const ROOT = path.join(import.meta.dirname, '../..')
// Inside node_modules, so that packages are found from there.
const CACHE = path.join(ROOT, 'node_modules/.cache')

export interface Built {
  /** Entry of each server, as plain JavaScript: nothing translates while it is measured. */
  service: string
  bare: string
  express: string
  /** To be imported ahead of an entry. */
  probe: string
  remove(): Promise<void>
}

/**
 * Translates what is measured into a folder of its own, so that a change of the sources meanwhile changes nothing.
 * @param service a build of the service to measure in place of the sources
 */
export async function buildServers(service?: string): Promise<Built> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(path.join(CACHE, 'speed-'))
  const own = path.join(folder, 'service')
  if (service === undefined) {
    // As npm run build does it, without the command line.
    const bundle = ['scripts/bundle.mjs', own, 'src/server.ts', 'tools', 'migrations']
    await promisify(execFile)(process.execPath, bundle, { cwd: ROOT })
    await buildPage(path.join(own, 'assistant'))
  } else {
    await cp(service, own, { recursive: true })
  }
  await build({
    entryPoints: ['bare-server.ts', 'express-server.ts', 'probe.ts'].map((file) =>
      path.join(import.meta.dirname, file),
    ),
    outdir: folder,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  }).finally(stop)
  return {
    service: path.join(own, 'src/server.js'),
    bare: path.join(folder, 'bare-server.js'),
    express: path.join(folder, 'express-server.js'),
    probe: path.join(folder, 'probe.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
