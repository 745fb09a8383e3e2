import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'

// Found by folder, not by import: what is gone from the sources must be gone from here.
const FOLDERS = ['tools', 'migrations']

/**
 * Removes compiled files whose sources are gone: the compiler leaves its old output where it is.
 * @param compiled folder of the compiled demo
 * @param sources folder of its sources
 */
export async function removeStale(
  compiled = path.join(import.meta.dirname, '..'),
  sources = path.join(compiled, '..'),
): Promise<void> {
  for (const folder of FOLDERS) {
    for (const name of await readdir(path.join(compiled, folder), { recursive: true })) {
      const file = path.join(folder, name)
      if (file.endsWith('.js') && !existsSync(path.join(sources, file.replace(/js$/, 'ts')))) {
        await rm(path.join(compiled, file))
      }
    }
  }
}
