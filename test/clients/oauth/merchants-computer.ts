import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Merchant, OWNER } from '../../support/merchant.ts'
import { createOAuthFlow } from '../../support/oauth-flow.ts'
import type { Run } from '../run.ts'

/** The computer that a client runs on: an empty home, and a browser in which the owner signs in and allows. */
export interface Computer {
  home: string
  /** The whole environment of a program. Nothing of the surroundings, such as a proxy or a key, gets in. */
  env: NodeJS.ProcessEnv
  /** The authorization requests that the browser was sent to. */
  signIns: URL[]
  /** Sends the browser to an authorization request. @returns where it was sent back to */
  signIn(authorizationUrl: string | URL): Promise<URL>
  /** Moves the clock on, for programs on Node. */
  setClockAhead(milliseconds: number): Promise<void>
  /** Runs a program in the home until it ends. */
  run(program: string, args: string[]): Promise<Run>
  /** Runs a program that must succeed. @returns what it printed, errors included */
  output(program: string, args: string[]): Promise<string>
  /** The same for a program that only works in a terminal. */
  inTerminal(program: string, args: string[]): Promise<string>
  close(): Promise<void>
}

const STOP_AFTER_MS = 90_000

/**
 * Sets up a computer whose user is the owner of two businesses.
 * @param visit goes through the pages that a program opens, to where they send the browser back; by default the owner
 * signs in and allows everything, without a real browser
 */
export async function startComputer(
  { service, origin }: Merchant,
  visit?: (authorizationUrl: string) => Promise<string>,
): Promise<Computer> {
  const home = await mkdtemp(join(tmpdir(), 'flowpos-computer-'))
  const signIns: URL[] = []
  const { approve } = createOAuthFlow(service, origin)
  const signIn = (authorizationUrl: string | URL) => {
    signIns.push(new URL(authorizationUrl))
    return approve(new URL(authorizationUrl), OWNER)
  }

  async function approveAndGoBack(authorizationUrl: string): Promise<string> {
    const callback = await signIn(authorizationUrl)
    const { status } = await fetch(callback)
    return `${callback} answered ${status}`
  }

  // Programs open a browser by a command. This one asks the test to be it.
  const browser = createServer(async (request, response) => {
    try {
      const url = new URL(request.url as string, 'http://browser').searchParams.get('url') as string
      response.end(`${await (visit ?? approveAndGoBack)(url)}\n`)
    } catch (error) {
      response.writeHead(500).end(`${error}\n`)
    }
  }).listen(0, '127.0.0.1')
  const bin = join(home, 'bin')
  await mkdir(bin)
  const command = join(bin, 'xdg-open')
  const { port } = browser.address() as AddressInfo
  await writeFile(
    command,
    `#!/bin/sh\nexec curl -sS --get --data-urlencode "url=$1" http://127.0.0.1:${port}/ >>"${home}/browser.log" 2>&1\n`,
  )
  await chmod(command, 0o755)

  const setClockAhead = (milliseconds: number) => writeFile(join(home, 'clock-ahead'), String(milliseconds))
  await setClockAhead(0)

  const env: NodeJS.ProcessEnv = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    BROWSER: command,
    LANG: 'C.UTF-8',
    NODE_OPTIONS: `--import=${new URL('computer-clock.mjs', import.meta.url)}`,
  }

  async function run(program: string, args: string[]): Promise<Run> {
    const child = spawn(program, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: STOP_AFTER_MS })
    const printed = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        printed[stream] += text
      })
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { code, ...printed }
  }

  async function output(program: string, args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(program, args)
    if (code === 0) return stdout + stderr
    throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`)
  }

  return {
    home,
    env,
    signIns,
    signIn,
    setClockAhead,
    run,
    output,
    inTerminal: (program, args) =>
      output('script', ['--quiet', '--return', '--command', [program, ...args].join(' '), '/dev/null']),
    async close() {
      await new Promise((resolve) => browser.close(resolve))
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
