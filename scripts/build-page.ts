import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { PAGE_FOLDER } from '../src/folders.ts'
import { ICONS } from '../src/mcp/server-info.ts'

// Relative paths work because npm runs scripts in the folder of package.json.
const ENTRIES = [
  ...['settings/index.html', 'settings/page.css', 'settings/page.ts'],
  ...['oauth/index.html', 'oauth/error.html', 'oauth/page.css', 'oauth/page.ts'],
  ...ICONS.map(({ file }) => `icons/${file}`),
].map((file) => path.resolve('assistant', file))
const compressions = { '': async (data: Uint8Array) => data, '.gz': promisify(gzip), '.br': promisify(brotliCompress) }

/**
 * Bundles the AI Assistant and OAuth pages, with a compressed copy of each file.
 * @param folder the output folder; by default the one that the service reads
 */
export async function buildPage(folder = PAGE_FOLDER): Promise<void> {
  const { build, stop } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: ENTRIES,
    outbase: 'assistant',
    outdir: folder,
    loader: { '.html': 'copy', '.svg': 'copy', '.png': 'copy' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'eof',
    logLevel: 'silent',
    write: false,
  }).finally(stop)

  for (const { path: file, contents } of outputFiles) {
    await mkdir(path.dirname(file), { recursive: true })
    for (const [suffix, compress] of Object.entries(compressions)) {
      // A service that reads the same folder must never see half a file.
      const unfinished = `${file}${suffix}.${process.pid}`
      await writeFile(unfinished, await compress(contents))
      await rename(unfinished, file + suffix)
    }
  }
}

/** Whether the pages were built after the last change of their sources and packages. */
export async function isPageFresh(folder = PAGE_FOLDER): Promise<boolean> {
  const sources = ['package-lock.json', 'scripts/build-page.ts', ...(await below('assistant')), ...(await below('src'))]
  try {
    const [built, ...changed] = await Promise.all(
      [path.join(folder, 'settings/page.js.br'), ...sources].map(async (file) => (await stat(file)).mtimeMs),
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
