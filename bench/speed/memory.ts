import pLimit from 'p-limit'
import { initialize, openStream } from './client.ts'
import type { Memory } from './probe.ts'
import type { ServerProcess } from './server-process.ts'

export interface MemoryUse {
  sessions: number
  /** Bytes per idle session. */
  idle: Memory
  /** Bytes per open stream, on top of the session; null if the server has no streams. */
  open: Memory | null
}

/** How many sessions each person has; with more, the service would refuse their streams. */
export const SESSIONS_EACH = 5
const AT_A_TIME = 16
// The memory of a process fluctuates, so the measurement follows a warm-up of the same kind.
const WARM_UP = 500

/**
 * Measures the memory of idle sessions and open streams in a new process.
 * @param tokens of enough people for the sessions
 */
export async function measureMemory(server: ServerProcess, tokens: string[], sessions: number): Promise<MemoryUse> {
  const limit = pLimit(AT_A_TIME)
  const owners = Array.from({ length: sessions }, (_, n) => tokens[n % tokens.length] as string)
  const begin = (token: string) => limit(() => initialize(server.url, token))
  // Everybody calls once before, because what the service caches about people is not part of a session.
  const people = tokens.slice(0, Math.ceil(sessions / SESSIONS_EACH))
  await Promise.all([...people, ...Array.from({ length: WARM_UP }, () => people[0] as string)].map(begin))

  const before = await server.ask('memory')
  const ids = await Promise.all(owners.map(begin))
  const idle = await server.ask('memory')

  const streams = await Promise.all(ids.map((id, n) => limit(() => openStream(server.url, owners[n] as string, id))))
  const open = await server.ask('memory')
  const isOpen = streams.every((stream) => stream !== null)
  for (const stream of streams) stream?.on('error', () => {}).destroy()
  return { sessions, idle: perEach(before, idle, sessions), open: isOpen ? perEach(idle, open, sessions) : null }
}

function perEach(before: Memory, after: Memory, count: number): Memory {
  return { rss: (after.rss - before.rss) / count, heap: (after.heap - before.heap) / count }
}
