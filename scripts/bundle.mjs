/**
 * Bundles entries with the packages that they import, because the two thousand files of the service take three times as
 * long to load one by one. Plain JavaScript, because it runs before every start of the demo.
 *
 * node scripts/bundle.mjs [--if-changed] FOLDER ENTRY…
 *   ENTRY         a source file, or a folder whose files are all entries, because the service finds them by folder; SQL
 *                 files in it are copied
 *   --if-changed  only if a source is newer than the build
 */
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'

const SOURCES = [
  'src',
  'plugins',
  'tools',
  'migrations',
  'cli',
  'demo',
  'embedded',
  'scripts',
  'assistant/vite.config.ts',
  'package-lock.json',
]

// These packages read their own files, or are not needed to serve. pg only tries to load pg-native. oidc-provider tells
// its classes apart by name, and keeping names in the bundle would slow down every function that a request creates.
const EXTERNAL = ['@fastify/swagger-ui', '@fastify/static', 'yaml', 'esbuild', 'vite', 'pg-native', 'oidc-provider']

const BANNER = [
  "import { createRequire as createRequireOfBundle } from 'node:module'",
  'const require = createRequireOfBundle(import.meta.url)',
  'const __filename = import.meta.filename, __dirname = import.meta.dirname',
].join('\n')

const { values, positionals } = parseArgs({
  options: { 'if-changed': { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [folder, ...entries] = positionals
const stamp = path.join(folder, '.built')
if (!(values['if-changed'] && (await isFresh()))) await bundle()

async function bundle() {
  const started = new Date()
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: (await Promise.all(entries.map(filesOf))).flat().filter((file) => /\.(ts|sql)$/.test(file)),
    loader: { '.sql': 'copy' },
    outbase: '.',
    outdir: folder,
    // In src/, so that the relative paths to other folders are the same as from the sources.
    chunkNames: 'src/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: EXTERNAL,
    banner: { js: BANNER },
    logLevel: 'warning',
    write: false,
  })
  for (const { path: file, contents } of outputFiles) {
    await mkdir(path.dirname(file), { recursive: true })
    // Another demo that is starting must never see half a file.
    await writeFile(`${file}.${process.pid}`, contents)
    await rename(`${file}.${process.pid}`, file)
  }
  await removeOthers(outputFiles.map((output) => output.path))
  await writeFile(stamp, '')
  // The time of the start, so that a source that changed during the build counts as newer.
  await utimes(stamp, started, started)
}

/** Removes files whose source no longer exists, because the service finds its files by folder. */
async function removeOthers(built) {
  const root = path.resolve(folder)
  const folders = new Set(built.map((file) => path.relative(root, file).split(path.sep)[0]))
  for (const file of (await Promise.all([...folders].map((name) => filesOf(path.join(root, name))))).flat()) {
    if (/\.(js|sql)$/.test(file) && !built.includes(file)) await rm(file, { force: true })
  }
}

async function isFresh() {
  try {
    const { mtimeMs: built } = await stat(stamp)
    const changes = await Promise.all(SOURCES.map((source) => newest(source)))
    return changes.every((time) => time < built)
  } catch {
    return false
  }
}

/** Time of the last change at or below a path. Folders count because removing a file changes their time. */
async function newest(source) {
  const stats = await stat(source)
  if (!stats.isDirectory()) return stats.mtimeMs
  const times = await Promise.all((await readdir(source)).map((name) => newest(path.join(source, name))))
  return Math.max(stats.mtimeMs, ...times)
}

async function filesOf(entry) {
  if (!(await stat(entry)).isDirectory()) return [entry]
  const found = await readdir(entry, { recursive: true, withFileTypes: true })
  return found.filter((item) => item.isFile()).map((item) => path.join(item.parentPath, item.name))
}
