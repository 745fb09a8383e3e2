import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))

/** A file of this folder. */
export function here(path: string): string {
  return `${HERE}${path}`
}

/**
 * A file of an installed package.
 * @throws an Error that says how to install the packages
 */
export function installed(path: string): string {
  const file = here(`node_modules/${path}`)
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm ci --prefix test/clients\``)
  return file
}

export interface Run {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a program to its end, whatever its exit code is. */
export async function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, stdout, stderr }
}

/** Runs a program that must succeed. @returns what it printed */
export async function output(program: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, env)
  if (code !== 0) throw new Error(`${program} ended with ${code}\n${stdout}\n${stderr}`)
  return stdout
}
