import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CHARTS_FILE } from '../src/folders.ts'

// Relative to package.json, where npm runs scripts.
const SOURCE = 'assistant/charts'

/**
 * Bundles the charts into one page with its script and style inside: hosts take it as a text and let it load nothing.
 * @param file by default the one that the service reads
 */
export async function buildCharts(file = CHARTS_FILE): Promise<void> {
  const { build, stop } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: ['main.ts', 'charts.css'].map((name) => path.resolve(SOURCE, name)),
    outdir: path.dirname(file),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent',
    write: false,
  }).finally(stop)
  const textOf = (ending: string) => outputFiles.find((output) => output.path.endsWith(ending))?.text.trim() ?? ''
  // The HTML parser ends a script at this, wherever it stands.
  const script = textOf('.js').replaceAll('</script', '<\\/script')
  const source = await readFile(path.join(SOURCE, 'index.html'), 'utf8')
  const page = source
    .replace(/<link rel="stylesheet".*?>/, () => `<style>${textOf('.css')}</style>`)
    .replace(/<script type="module".*?><\/script>/, () => `<script>${script}</script>`)
  await mkdir(path.dirname(file), { recursive: true })
  // A service that reads the same file must never see half of it.
  const unfinished = `${file}.${process.pid}`
  await writeFile(unfinished, page)
  await rename(unfinished, file)
}

if (process.argv[1] === import.meta.filename) await buildCharts()
