import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { type Built, buildServers } from './speed/build.ts'
import { CASES, type Case, messageOf } from './speed/cases.ts'
import { headersOf, initialize, post } from './speed/client.ts'
import { load, type Target } from './speed/load.ts'
import { measureMemory, SESSIONS_EACH } from './speed/memory.ts'
import { summarizeProfile } from './speed/profile.ts'
import { record } from './speed/record.ts'
import type { Recordings } from './speed/recording.ts'
import {
  CALL_HEAD,
  callRows,
  MEMORY_HEAD,
  median,
  memoryRow,
  type Rounds,
  roundTripTable,
  verdicts,
} from './speed/report.ts'
import { type ServerProcess, startServer } from './speed/server-process.ts'
import { startStatementRecorder } from './speed/statement-recorder.ts'
import { makeWorld, type World } from './speed/world.ts'

const USAGE = `npm run bench -- speed [options]
  --case NAME          only this case, may be repeated: ${CASES.map(({ name }) => name).join(', ')}
  --connections N      16 and 64 by default, may be repeated
  --rounds N           5 by default
  --seconds N          of each run, 4 by default
  --parts LIST         calls,memory,start; calls alone where a case is given
  --sessions N         for the memory, 1000 and 10000 by default, may be repeated
  --no-express         leaves out the SDK's server, which takes most of the time
  --pipelined          the bare server sends the statements of a call together, as the service does
  --service FOLDER     a build to measure in place of the sources, such as dist
  --profile FOLDER     profiles the service under each case instead of comparing; profiles go to the folder`

const STARTS = 5
// Enough requests for V8 to optimise hot code; a fixed time might be too short on a busy machine. The SDK's server
// needs fewer, because it does much more for each.
const WARM_UP_REQUESTS = { bare: 4000, service: 4000, express: 1000 }

interface Settings {
  cases: readonly Case[]
  connections: number[]
  rounds: number
  seconds: number
  parts: string[]
  sessions: number[]
  withExpress: boolean
  isPipelined: boolean
  service: string | undefined
  profile: string | undefined
}

/**
 * Measures a call, compared with the same on a bare Fastify route and on the SDK's Express server, the memory of
 * sessions and streams, and the start-up time. PostgreSQL, Redis, each server and the load run in separate processes.
 */
export async function bench(args: string[]): Promise<void> {
  const settings = readSettings(args)
  // The child processes end with this process, however it ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const people = settings.parts.includes('memory') ? Math.ceil(Math.max(...settings.sessions) / SESSIONS_EACH) : 0
  const world = await makeWorld(people)
  const built = await buildServers(settings.service)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flowpos-speed-'))
  try {
    const { recordings, roundTrips } = await recordService(built, world)
    const file = path.join(folder, 'recordings.json')
    await writeFile(file, JSON.stringify(recordings))
    const start = {
      service: () => startServer(built.service, built.probe, world.env),
      bare: () =>
        startServer(built.bare, built.probe, {
          ...world.env,
          RECORDINGS: file,
          PIPELINED: String(settings.isPipelined),
        }),
      express: () => startServer(built.express, built.probe, { ...world.env, RECORDINGS: file }),
    }
    if (settings.profile !== undefined) {
      await profileCalls(start.service, settings, world.token, settings.profile)
      return
    }
    // CPU times multiply when other work takes the caches and the cores.
    const busy = os.loadavg()[0]?.toFixed(1)
    console.log(
      `Node ${process.version}, ${os.availableParallelism()} cores for all processes, load average ${busy}.\n`,
    )
    if (settings.parts.includes('calls')) {
      console.log(`${roundTripTable(roundTrips)}\n`)
      await compareCalls(start, settings, world.token, recordings)
    }
    if (settings.parts.includes('memory')) await compareMemory(start, settings, world.crowd)
    if (settings.parts.includes('start')) await measureStart(start.service)
  } finally {
    await world.stop()
    await built.remove()
    await rm(folder, { recursive: true, force: true })
  }
}

type Start = Record<'bare' | 'service' | 'express', () => Promise<ServerProcess>>

function readSettings(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      case: { type: 'string', multiple: true },
      connections: { type: 'string', multiple: true, default: ['16', '64'] },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      parts: { type: 'string' },
      sessions: { type: 'string', multiple: true, default: ['1000', '10000'] },
      'no-express': { type: 'boolean', default: false },
      pipelined: { type: 'boolean', default: false },
      service: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  const cases = values.case === undefined ? CASES : CASES.filter(({ name }) => values.case?.includes(name))
  const numbers = [values.rounds, values.seconds, ...values.connections, ...values.sessions].map(Number)
  if (cases.length === 0 || numbers.some((number) => !Number.isInteger(number) || number < 1)) throw new Error(USAGE)
  return {
    cases,
    connections: values.connections.map(Number),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    parts: (values.parts ?? (values.case === undefined ? 'calls,memory,start' : 'calls')).split(','),
    sessions: values.sessions.map(Number),
    withExpress: !values['no-express'],
    isPipelined: values.pipelined,
    service: values.service,
    profile: values.profile,
  }
}

async function recordService(built: Built, world: World) {
  const recorder = await startStatementRecorder(world.env.DATABASE_URL as string)
  const service = await startServer(built.service, built.probe, { ...world.env, DATABASE_URL: recorder.url })
  try {
    return await record(service, recorder, world)
  } finally {
    await service.stop()
    recorder.stop()
  }
}

/** Runs every case on every server in turn, in a different order each round. */
async function compareCalls(start: Start, settings: Settings, token: string, recordings: Recordings): Promise<void> {
  const { cases, rounds, seconds } = settings
  const service = await enter('service', start.service, token)
  // The bare server reads a session that the service created.
  const bare: Target = { name: 'bare', server: await start.bare(), sessionId: service.sessionId }
  const targets = [bare, service]
  if (settings.withExpress) targets.push(await enter('express', start.express, token))
  try {
    const judged: string[] = []
    console.log(`Medians of ${rounds} rounds of ${seconds} s.\n\n${CALL_HEAD}`)
    for (const each of cases) {
      for (const target of targets) await requireSameAnswer(target, each, token, recordings)
      for (const target of targets) {
        await load(target, each, { token, connections: 16, requests: WARM_UP_REQUESTS[target.name] })
      }
      for (const connections of settings.connections) {
        const samples: Rounds = { bare: [], service: [], express: [] }
        for (let round = 0; round < rounds; round++) {
          for (const index of targets.keys()) {
            const target = targets[(round + index) % targets.length] as Target
            samples[target.name].push(await load(target, each, { token, connections, seconds }))
          }
        }
        console.log(callRows(each, connections, samples).join('\n'))
        judged.push(...verdicts(each, connections, samples))
      }
    }
    console.log(`\n${judged.join('\n')}\n`)
  } finally {
    for (const { server } of targets) await server.stop()
  }
}

async function enter(name: Target['name'], start: () => Promise<ServerProcess>, token: string): Promise<Target> {
  const server = await start()
  return { name, server, sessionId: await initialize(server.url, token) }
}

/** Checks that no server gains time by answering less than the others. */
async function requireSameAnswer(target: Target, each: Case, token: string, recordings: Recordings): Promise<void> {
  const { before, after } = recordings[each.name] as Recordings[string]
  const headers = headersOf(token, target.sessionId)
  const { text } = await post(target.server.url, headers, messageOf(each, 'same'))
  const shapes = [text, `${before}"same"${after}`].map((json) => shapeOf(JSON.parse(json)))
  if (!isDeepStrictEqual(shapes[0], shapes[1])) {
    throw new Error(`${target.name} answers ${each.name} with ${text.slice(0, 500)}`)
  }
}

/** The listed tools, or the field names of a result, whose values may change between two calls. */
function shapeOf({ result }: { result: { tools?: { name: string }[]; structuredContent?: object } }) {
  return result.tools?.map(({ name }) => name) ?? Object.keys(result.structuredContent ?? {})
}

async function compareMemory(start: Start, { sessions, withExpress }: Settings, crowd: string[]): Promise<void> {
  console.log(MEMORY_HEAD)
  for (const count of sessions) {
    for (const name of ['bare', 'service', ...(withExpress ? ['express' as const] : [])] as const) {
      const server = await start[name]()
      const use = await measureMemory(server, crowd, count).finally(() => server.stop())
      console.log(memoryRow(name, use))
    }
  }
  console.log('\nTargets: nothing per idle session, at most 10240 bytes per open stream.\n')
}

async function measureStart(start: () => Promise<ServerProcess>): Promise<void> {
  const times: number[] = []
  for (let turn = 0; turn < STARTS; turn++) {
    const server = await start()
    times.push(server.startMs)
    await server.stop()
  }
  const shown = times.map((time) => time.toFixed(0)).join(', ')
  console.log(`From process start to ready: ${median(times).toFixed(0)} ms (${shown}); target ≤ 1000 ms`)
}

async function profileCalls(
  start: () => Promise<ServerProcess>,
  { cases, connections: [connections = 16], seconds }: Settings,
  token: string,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const target = await enter('service', start, token)
  try {
    for (const each of cases) {
      await load(target, each, { token, connections, requests: WARM_UP_REQUESTS.service })
      await target.server.ask('startProfile')
      const { cpu } = await load(target, each, { token, connections, seconds })
      const profile = await target.server.ask('profile')
      const file = path.join(folder, `${each.name.replaceAll('/', '-')}.cpuprofile`)
      await writeFile(file, profile)
      console.log(
        `\n# ${each.name}: ${cpu.toFixed(0)} µs a request while profiled; ${file}\n${summarizeProfile(profile)}`,
      )
    }
  } finally {
    await target.server.stop()
  }
}
