import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

type Result = Record<string, unknown>

/** A program that speaks JSON-RPC on its standard input and output, a message a line. */
export interface StdioPeer {
  send(message: object): void
  request(method: string, params?: object): Promise<Result>
  /** Waits for a notification. @returns its parameters */
  notified(method: string): Promise<Result>
  stop(): Promise<void>
}

interface Message {
  id?: number
  method?: string
  params?: Result
  result?: Result
  error?: { message: string }
}

/** A program that hangs is stopped by nobody else; what it printed until then tells why. */
const LONGEST_ANSWER_MS = 60_000

/** Starts a program with exactly this environment. */
export function startStdioPeer(
  program: string,
  args: string[],
  { env, cwd }: { env: NodeJS.ProcessEnv; cwd?: string },
): StdioPeer {
  const child = spawn(program, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] })
  const waiting = new Map<number | string, { resolve(result: Result): void; reject(error: Error): void }>()
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, method, params, result, error } = JSON.parse(line) as Message
    const key = method ?? id ?? -1
    const request = waiting.get(key)
    waiting.delete(key)
    if (method !== undefined) request?.resolve(params ?? {})
    else if (result !== undefined) request?.resolve(result)
    else request?.reject(new Error(`${error?.message}\n${log}`))
  })
  const ended = once(child, 'close').then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${program} ended\n${log}`))
  })

  const send = (message: object) => child.stdin.write(`${JSON.stringify(message)}\n`)
  const answerTo = (key: number | string) =>
    new Promise<Result>((resolve, reject) => {
      const tooLong = () => reject(new Error(`${program}: no answer to ${key} in ${LONGEST_ANSWER_MS} ms\n${log}`))
      const timer = setTimeout(tooLong, LONGEST_ANSWER_MS)
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          clearTimeout(timer)
          settle(value)
        }
      waiting.set(key, { resolve: settled(resolve), reject: settled(reject) })
    })
  let lastId = 0
  return {
    send,
    request(method, params = {}) {
      lastId += 1
      const answer = answerTo(lastId)
      send({ jsonrpc: '2.0', id: lastId, method, params })
      return answer
    },
    notified: answerTo,
    async stop() {
      child.kill()
      await ended
    },
  }
}
