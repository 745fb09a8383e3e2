import path from 'node:path'
import { defineConfig } from 'vite'
import { PAGE_FOLDER } from '../src/folders.ts'

const PAGES = ['settings/index.html', 'oauth/index.html', 'oauth/error.html']
// Relative to package.json, where npm runs scripts: this file is also part of the demo's bundle.
const folder = path.resolve('assistant')

/** The pages for people: the AI Assistant page and those of OAuth. */
export default defineConfig({
  root: folder,
  publicDir: false,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: PAGE_FOLDER,
    // Of one name for all pages, which share most of it; the hash lets browsers keep it.
    assetsDir: 'assets',
    // The pages' Content-Security-Policy allows files only.
    assetsInlineLimit: 0,
    emptyOutDir: false,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: { input: PAGES.map((page) => path.join(folder, page)) },
  },
})
