import { mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { build, stop } from 'esbuild'

const ROOT = path.join(import.meta.dirname, '..')
const ENTRIES = ['index.html', 'page.css', 'page.ts'].map((file) => path.join(ROOT, 'settings', file))
const compressions = { '': async (data: Uint8Array) => data, '.gz': promisify(gzip), '.br': promisify(brotliCompress) }

/**
 * Bundles the AI Assistant page, with compressed copies beside the files.
 * @param folder where to; by default where the service looks for it
 */
export async function buildPage(folder = path.join(ROOT, 'dist/settings')): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: ENTRIES,
    outdir: folder,
    loader: { '.html': 'copy' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'eof',
    logLevel: 'silent',
    write: false,
  }).finally(stop)

  await mkdir(folder, { recursive: true })
  for (const { path: file, contents } of outputFiles) {
    for (const [suffix, compress] of Object.entries(compressions)) {
      // A service that runs on the same folder never sees half a file.
      const unfinished = `${file}${suffix}.${process.pid}`
      await writeFile(unfinished, await compress(contents))
      await rename(unfinished, file + suffix)
    }
  }
}

if (process.argv[1] === import.meta.filename) await buildPage()
