import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { PAGE_FOLDER } from '../src/folders.ts'
import { ICONS } from '../src/mcp/server-info.ts'

// Relative paths work because npm runs scripts in the folder of package.json.
const SOURCE = path.resolve('assistant')
const compressions = { '': async (data: Uint8Array) => data, '.gz': promisify(gzip), '.br': promisify(brotliCompress) }

/**
 * Bundles the AI Assistant and OAuth pages, with a compressed copy of each file.
 * @param folder the output folder; by default the one that the service reads
 */
export async function buildPage(folder = PAGE_FOLDER): Promise<void> {
  const [{ build }, { default: config }] = await Promise.all([import('vite'), import('../assistant/vite.config.ts')])
  await mkdir(path.dirname(folder), { recursive: true })
  const built = await mkdtemp(`${folder}-`)
  try {
    await build({ ...config, configFile: false, build: { ...config.build, outDir: built } })
    for (const { file } of ICONS) await cp(path.join(SOURCE, 'icons', file), path.join(built, 'icons', file))
    for (const file of await filesOf(built)) {
      const target = path.join(folder, file)
      const contents = await readFile(path.join(built, file))
      await mkdir(path.dirname(target), { recursive: true })
      for (const [suffix, compress] of Object.entries(compressions)) {
        // A service that reads the same folder must never see half a file.
        const unfinished = `${target}${suffix}.${process.pid}`
        await writeFile(unfinished, await compress(contents))
        await rename(unfinished, target + suffix)
      }
    }
  } finally {
    await rm(built, { recursive: true, force: true })
  }
}

/** The files of a folder; pages last, because they name the others. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
  return files.sort((a, b) => Number(a.endsWith('.html')) - Number(b.endsWith('.html')))
}

/** Whether the pages were built after the last change of their sources and packages. */
export async function isPageFresh(folder = PAGE_FOLDER): Promise<boolean> {
  const sources = ['package-lock.json', 'scripts/build-page.ts', ...(await below('assistant')), ...(await below('src'))]
  try {
    const [built, ...changed] = await Promise.all(
      [path.join(folder, 'settings/index.html.br'), ...sources].map(async (file) => (await stat(file)).mtimeMs),
    )
    return changed.every((time) => time < (built as number))
  } catch {
    return false
  }
}

/** A folder and its contents. The folder itself is included because removing a file changes its time. */
async function below(folder: string): Promise<string[]> {
  return [folder, ...(await readdir(folder, { recursive: true })).map((file) => path.join(folder, file))]
}

if (process.argv[1] === import.meta.filename) await buildPage()
