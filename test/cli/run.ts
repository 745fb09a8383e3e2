import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = join(import.meta.dirname, '../..')
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

export interface Run {
  code: number
  stdout: string
  stderr: string
}

/** Runs a command line tool as a process of its own, with nothing but the given settings. */
export function runTool(
  tool: string,
  args: readonly string[],
  { env = {}, cwd = ROOT }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Run> {
  const command = ['--import', TSX, join(ROOT, 'cli', `${tool}.ts`), ...args]
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env: { PATH: process.env.PATH, ...env }, cwd }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}
