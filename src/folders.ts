import path from 'node:path'

// The same from the sources and from a build, whose chunks lie in its src/.
const ROOT = path.join(import.meta.dirname, '..')

/** One file a tool. */
export const TOOLS_FOLDER = path.join(ROOT, 'tools')

/** One file a migration. */
export const MIGRATIONS_FOLDER = path.join(ROOT, 'migrations')

/** The built pages, in folders named as in assistant/. */
export const PAGE_FOLDER = path.join(ROOT, import.meta.filename.endsWith('.ts') ? 'dist/assistant' : 'assistant')
