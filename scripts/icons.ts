import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { chromium } from 'playwright-core'

// Directories and some clients take no SVG. The drawings are the source; the PNG files beside them are made from them.
const FOLDER = path.resolve('assistant/icons')
const SIZES = { 'flowpos-512.png': ['flowpos.svg', 512], 'flowpos-dark-512.png': ['flowpos-dark.svg', 512] } as const

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
for (const [file, [drawing, size]] of Object.entries(SIZES)) {
  const svg = await readFile(path.join(FOLDER, drawing), 'utf8')
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw}</style>${svg}`)
  await writeFile(path.join(FOLDER, file), await page.screenshot({ omitBackground: true }))
}
await browser.close()
