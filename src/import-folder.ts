import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Imports every module below a folder, in the sources or in a build.
 * @returns the modules with their path in the folder, without extension, in the order of that path
 */
export async function importFolder(folder: string): Promise<[name: string, module: Record<string, unknown>][]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => /(?<!\.d)\.[jt]s$/.test(file)).sort()
  return Promise.all(
    files.map(async (file): Promise<[string, Record<string, unknown>]> => {
      const module = await import(pathToFileURL(path.join(folder, file)).href)
      return [file.replace(/\.[jt]s$/, '').replaceAll(path.sep, '/'), module]
    }),
  )
}
