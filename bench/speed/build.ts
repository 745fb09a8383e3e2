import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { build, stop } from 'esbuild'
import { buildPage } from '../../scripts/build-page.ts'

const ROOT = path.join(import.meta.dirname, '../..')
// Inside node_modules, so that the build finds packages.
const CACHE = path.join(ROOT, 'node_modules/.cache')

export interface Built {
  /** The entry of each server, as plain JavaScript, so that nothing is compiled during the measurement. */
  service: string
  bare: string
  express: string
  /** A module to import before an entry. */
  probe: string
  remove(): Promise<void>
}

/**
 * Compiles the servers into a separate folder, so that the sources can change during the measurement.
 * @param service a build of the service to measure instead of the sources
 */
export async function buildServers(service?: string): Promise<Built> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(path.join(CACHE, 'speed-'))
  const own = path.join(folder, 'service')
  if (service === undefined) {
    // As in npm run build, but without the command line tools.
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
