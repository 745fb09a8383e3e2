import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')

// Bundled as in production, because a process that compiles its sources takes eight times as long.
const BUILT = join(ROOT, 'node_modules/.cache/cli')
const BUNDLE = [join(ROOT, 'scripts/bundle.mjs'), '--if-changed', BUILT, 'cli', 'migrations']
const building = promisify(execFile)(process.execPath, BUNDLE, { cwd: ROOT })

export interface Run {
  code: number
  stdout: string
  stderr: string
}

/** Runs a command line tool in a separate process, with only the given settings. */
export async function runTool(
  tool: string,
  args: readonly string[],
  { env = {}, cwd = ROOT }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Run> {
  await building
  const command = [join(BUILT, 'cli', `${tool}.js`), ...args]
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env: { PATH: process.env.PATH, ...env }, cwd }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}
