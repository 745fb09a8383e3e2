/** Imported before a measured server: answers the parent's questions about the process. */
import { Session } from 'node:inspector/promises'

interface Usage {
  /** User and system time of all threads, in µs. */
  cpu: number
  rss: number
}

/** In bytes, after a garbage collection. */
export interface Memory {
  rss: number
  /** Memory of objects, including their buffers. */
  heap: number
}

export interface Answers {
  usage: Usage
  memory: Memory
  startProfile: null
  /** In the format of Chrome's developer tools. */
  profile: string
}

const inspector = new Session()

const answers: { [Question in keyof Answers]: () => Answers[Question] | Promise<Answers[Question]> } = {
  usage() {
    const { user, system } = process.cpuUsage()
    return { cpu: user + system, rss: process.memoryUsage.rss() }
  },

  async memory() {
    for (let turn = 0; turn < 3; turn++) {
      global.gc?.()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, heap: heapUsed + external }
  },

  async startProfile() {
    inspector.connect()
    await inspector.post('Profiler.enable')
    await inspector.post('Profiler.setSamplingInterval', { interval: 200 })
    await inspector.post('Profiler.start')
    return null
  },

  async profile() {
    const { profile } = await inspector.post('Profiler.stop')
    inspector.disconnect()
    return JSON.stringify(profile)
  },
}

process.on('message', async ({ id, question }: { id: number; question: keyof Answers }) => {
  process.send?.({ id, answer: await answers[question]() })
})
// The channel to the parent must not keep the process alive.
process.channel?.unref()
