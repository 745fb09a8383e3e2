import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { type Case, messageOf } from './cases.ts'
import { headersOf } from './client.ts'
import type { ServerProcess } from './server-process.ts'

export interface Target {
  name: 'bare' | 'service' | 'express'
  server: ServerProcess
  sessionId: string
}

export interface Sample {
  /** CPU time of the server process per request, in µs, over all threads. */
  cpu: number
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** Bytes, after the run. */
  rss: number
}

const AUTOCANNON = createRequire(import.meta.url).resolve('autocannon')

/**
 * Puts load on a server from a separate process; every request has a new id.
 * @param options how long: for some seconds, or until so many requests have been answered
 * @throws Error when more than one request in a hundred fails, which even a busy machine does not explain
 */
export async function load(
  { name, server, sessionId }: Target,
  each: Case,
  options: { token: string; connections: number } & ({ seconds: number } | { requests: number }),
): Promise<Sample> {
  const headers = Object.entries(headersOf(options.token, sessionId)).flatMap((header) => ['-H', header.join('=')])
  const duration = 'seconds' in options ? ['-d', String(options.seconds)] : ['-a', String(options.requests)]
  const args = ['-j', '-n', '-I', '-m', 'POST', '-c', String(options.connections), ...duration, ...headers]
  const before = await server.ask('usage')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [AUTOCANNON, ...args, '-b', messageOf(each), `${server.url}/mcp`],
    { maxBuffer: 16 * 1024 * 1024 },
  )
  const after = await server.ask('usage')
  const result = JSON.parse(stdout) as Result
  const answered = result['2xx']
  if ((result.non2xx + result.errors + result.timeouts) * 100 > answered) {
    const { non2xx, errors, timeouts } = result
    throw new Error(`${name}, ${each.name}: ${JSON.stringify({ answered, non2xx, errors, timeouts })}`)
  }
  return {
    cpu: (after.cpu - before.cpu) / answered,
    perSecond: answered / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    rss: after.rss,
  }
}

interface Result {
  '2xx': number
  non2xx: number
  errors: number
  timeouts: number
  /** Seconds. */
  duration: number
  latency: { p50: number; p99: number }
}
