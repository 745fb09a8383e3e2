import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildServers } from './speed/build.ts'
import { messageOf } from './speed/cases.ts'
import { headersOf, initialize, post } from './speed/client.ts'
import { startServer } from './speed/server-process.ts'
import { makeWorld, type World } from './speed/world.ts'

const DAYS = 400
const CALLS = 60
const HEAVY_AT_A_TIME = 40
const BAD_SOCKETS = 200
const LONG_AGO = '2023-12-01'

interface Disturbance {
  name: string
  /** Runs until the signal fires. @returns how many requests were answered */
  run(url: string, world: World, signal: AbortSignal): Promise<number>
}

const DISTURBANCES: Disturbance[] = [
  { name: `${HEAVY_AT_A_TIME} reports at a time by one merchant`, run: askForReports },
  { name: `${BAD_SOCKETS} connections with made-up keys`, run: guessKeys },
]

/** What the busiest merchant, and somebody who guesses keys, do to another merchant's light call. */
export async function bench(): Promise<void> {
  process.once('SIGINT', () => process.exit(130))
  const world = await makeWorld(0, DAYS)
  const built = await buildServers()
  const server = await startServer(built.service, built.probe, world.env)
  try {
    const headers = headersOf(world.neighbour, await initialize(server.url, world.neighbour))
    const ask = () => medianOf(CALLS, () => post(server.url, headers, LIGHT))
    await ask()
    console.log('| beside | its answers a second | median of a light call, ms | × quiet |\n|---|---|---|---|')
    for (const { name, run } of DISTURBANCES) {
      const quiet = await ask()
      console.log(`| nothing | – | ${quiet.toFixed(1)} | 1.0 |`)
      const end = new AbortController()
      const started = performance.now()
      const running = run(server.url, world, end.signal)
      await sleep(3000)
      const disturbed = await ask()
      end.abort()
      const perSecond = ((await running) / (performance.now() - started)) * 1000
      console.log(`| ${name} | ${perSecond.toFixed(0)} | ${disturbed.toFixed(1)} | ${(disturbed / quiet).toFixed(1)} |`)
    }
  } finally {
    await server.stop()
    await built.remove()
    await world.stop()
  }
}

const LIGHT = messageOf({ method: 'tools/call', params: { name: 'list_locations', arguments: {} } }, 1)

async function medianOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let call = 0; call < count; call++) {
    const started = performance.now()
    await work()
    times.push(performance.now() - started)
    await sleep(20)
  }
  return times.sort((a, b) => a - b)[count >> 1] as number
}

async function askForReports(url: string, world: World, signal: AbortSignal): Promise<number> {
  const headers = headersOf(world.token, await initialize(url, world.token))
  const to = new Date().toISOString().slice(0, 10)
  const args = { from: LONG_AGO, to, allBusinesses: true }
  const body = messageOf({ method: 'tools/call', params: { name: 'summarize_period', arguments: args } }, 1)
  return together(HEAVY_AT_A_TIME, signal, () => send(url, headers, body))
}

function guessKeys(url: string, _world: World, signal: AbortSignal): Promise<number> {
  const body = messageOf({ method: 'tools/list', params: {} }, 1)
  return together(BAD_SOCKETS, signal, () => send(url, headersOf(`fp_mcp_${randomBytes(32).toString('hex')}`), body))
}

async function together(count: number, signal: AbortSignal, work: () => Promise<void>): Promise<number> {
  let answered = 0
  const loop = async () => {
    while (!signal.aborted) {
      await work()
      answered += 1
    }
  }
  await Promise.all(Array.from({ length: count }, loop))
  return answered
}

const agent = new Agent({ keepAlive: true, maxSockets: HEAVY_AT_A_TIME + BAD_SOCKETS })

/** Sends a message, whatever the answer. */
function send(url: string, headers: Record<string, string>, body: string): Promise<void> {
  return new Promise((resolve) => {
    const sent = request(`${url}/mcp`, { method: 'POST', headers, agent }, (response) => {
      response.resume()
      response.once('end', resolve)
    })
    sent.on('error', () => resolve())
    sent.end(body)
  })
}
