import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../embedded/postgres.ts'
import type { Answers } from './probe.ts'

export interface ServerProcess {
  url: string
  /** From the start of the process to the first request that found it ready. */
  startMs: number
  ask<Question extends keyof Answers>(question: Question): Promise<Answers[Question]>
  stop(): Promise<void>
}

// Long enough for a busy machine; the time that it took is reported.
const START_MS = 120_000

/**
 * Starts a server in a separate process; its log goes to the null device.
 * @param env its whole environment except PORT and PATH
 * @returns the server, once it is ready
 */
export async function startServer(entry: string, probe: string, env: Record<string, string>): Promise<ServerProcess> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(process.execPath, ['--expose-gc', '--import', probe, entry], {
    cwd: path.dirname(entry),
    env: { PATH: process.env.PATH, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)

  const url = `http://127.0.0.1:${port}`
  await untilReady(child, `${url}/health/ready`)
  let questions = 0
  return {
    url,
    startMs: performance.now() - started,
    ask(question) {
      questions += 1
      const id = questions
      return new Promise((resolve, reject) => {
        const gone = () => reject(new Error(`${entry} ended`))
        const hear = (message: { id: number; answer: never }) => {
          if (message.id !== id) return
          child.off('message', hear)
          child.off('exit', gone)
          resolve(message.answer)
        }
        child.on('message', hear)
        child.once('exit', gone)
        child.send({ id, question })
      })
    },
    async stop() {
      process.off('exit', kill)
      if (child.exitCode !== null || child.signalCode !== null) return
      // The measurement is over, so open streams need no graceful end.
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + START_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode} before it was ready`)
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    )
    if (status === 200) return
    await sleep(5)
  }
  child.kill('SIGKILL')
  throw new Error(`the server was not ready within ${START_MS / 1000} s`)
}
