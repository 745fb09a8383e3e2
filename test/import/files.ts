import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileReport, type ImportOptions, importFiles } from '../../src/import/import.ts'
import type { TestDatabase } from '../support/database.ts'
import type { Shop } from '../support/shop.ts'

export interface ImportBench {
  /** Writes a file and returns its path. */
  write(name: string, lines: readonly string[]): Promise<string>
  /** Imports lines as a file of a kind. */
  load(
    shop: Shop,
    kind: FileReport['kind'],
    lines: readonly string[],
    options?: Partial<ImportOptions>,
  ): Promise<FileReport>
  remove(): Promise<void>
}

/** A folder for files, and the import into a test's database. */
export async function importBench({ commands }: TestDatabase): Promise<ImportBench> {
  const folder = await mkdtemp(join(tmpdir(), 'flowpos-import-'))
  async function write(name: string, lines: readonly string[]): Promise<string> {
    const file = join(folder, name)
    await writeFile(file, `${lines.join('\n')}\n`)
    return file
  }
  return {
    write,
    async load(shop, kind, lines, options = {}) {
      const file = await write(`${kind}.csv`, lines)
      const { files } = await importFiles(commands, { businessId: shop.id, files: { [kind]: file }, ...options })
      return files[0] as FileReport
    },
    remove: () => rm(folder, { recursive: true }),
  }
}
