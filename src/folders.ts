import path from 'node:path'

// Works for the sources and for a build, whose chunks are in its own src/.
const ROOT = path.join(import.meta.dirname, '..')

/** One file per tool. */
export const TOOLS_FOLDER = path.join(ROOT, 'tools')

/** One file per migration. */
export const MIGRATIONS_FOLDER = path.join(ROOT, 'migrations')

/** The built pages, in folders named as in assistant/. */
export const PAGE_FOLDER = path.join(ROOT, import.meta.filename.endsWith('.ts') ? 'dist/assistant' : 'assistant')

/** The built charts, one page with all that it needs inside. */
export const CHARTS_FILE = path.join(path.dirname(PAGE_FOLDER), 'charts.html')
