import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { MIGRATIONS_FOLDER } from '../../src/folders.ts'

const ENDING = '-rollup-functions.sql'

/** The file of functions for the migration of a date (`YYYY-MM-DD`); undefined if the text is not a date. */
export function functionsFile(date: string): string | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(date) ? path.join(MIGRATIONS_FOLDER, `${date}${ENDING}`) : undefined
}

/** The functions of a migrated database: the newest file. */
export async function newestFunctions(): Promise<{ path: string; text: string }> {
  const names = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith(ENDING)).sort()
  const newest = path.join(MIGRATIONS_FOLDER, names.at(-1) ?? '')
  return { path: newest, text: await readFile(newest, 'utf8') }
}
