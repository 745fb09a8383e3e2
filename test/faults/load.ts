import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { type Owner, SKU } from './owner.ts'

export interface LoadOptions {
  /** The origin of a balancer or an instance. */
  origin: string
  owner: Owner
  token: string
  /** How long a caller keeps asking for an answer; with 0, the first answer counts. */
  patienceMs?: number
  callers?: number
  /** Whether a conversation may fall back to the first business, as after Redis has lost everything. */
  mayForget?: boolean
}

export interface Load {
  /** How many calls have got the right answer so far. */
  answered(): number
  /** Continues the same conversations with this token. */
  use(token: string): void
  /**
   * Waits for the calls under way, and compares the answers with the database. Prints a line; fails unless every call
   * got one right answer and every requested order exists exactly once.
   */
  finish(name: string): Promise<{ retried: number }>
}

const TRY_AGAIN_MS = 200
const BEGIN_WITHIN_MS = 30_000
// Without pauses, the callers would only measure the machine.
const PAUSE_MS = 20
const RETRYABLE = /may be tried again/
// The answers of a balancer without an instance, and of an instance without one of its parts.
const RETRYABLE_STATUS = new Set([502, 503, 504])

/** Parallel conversations in the second business, each alternating reads and sales, one call at a time. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { owner, patienceMs = 30_000, callers = 8 } = options
  let { token } = options
  let isOver = false
  const tally = { sent: 0, answered: 0, retried: 0, lost: [] as string[] }
  const sold: string[] = []

  const client = () => connectClient(options.origin, () => token)
  const conversations = await Promise.all(
    Array.from({ length: callers }, async () => {
      const conversation = client()
      await begin(conversation, owner.second.id)
      return conversation
    }),
  )
  // The last choice, in another session: a conversation that loses its own choice falls back to it, which shows.
  const chooser = client()
  await begin(chooser, owner.first.id)

  const work = conversations.map(async (conversation, index) => {
    for (let turn = index; !isOver; turn++) {
      const note = randomUUID()
      const isSale = turn % 2 === 0
      tally.sent++
      const problem = await persist(() => (isSale ? sell(conversation, note) : look(conversation, turn)))
      if (problem !== undefined) tally.lost.push(problem)
      else {
        tally.answered++
        if (isSale) sold.push(note)
      }
      await sleep(PAUSE_MS)
    }
  })

  /** @returns why there is no right answer; undefined when there is */
  async function persist(ask: () => Promise<string | undefined>): Promise<string | undefined> {
    try {
      return await retrying(ask, patienceMs, () => tally.retried++)
    } catch (error) {
      return (error as Error).message
    }
  }

  async function sell(conversation: Conversation, note: string): Promise<string | undefined> {
    // Names the business if the conversation may have been lost, so that no sale goes to the wrong one.
    const businessId = options.mayForget ? { businessId: owner.second.id } : {}
    const items = [{ product: SKU, quantity: '1' }]
    const data = await conversation.call('create_order', { items, note, idempotencyKey: note, ...businessId })
    return data.business?.id === owner.second.id && data.order?.status === 'completed' ? undefined : wrong(data)
  }

  async function look(conversation: Conversation, turn: number): Promise<string | undefined> {
    const tool = ['get_products', 'list_orders', 'get_sales_report'][turn % 3] as string
    const data = await conversation.call(tool, {})
    const expected = options.mayForget ? [owner.first.id, owner.second.id] : [owner.second.id]
    return expected.includes(data.business?.id as string) ? undefined : wrong(data)
  }

  return {
    answered: () => tally.answered,
    use(next) {
      token = next
    },
    async finish(name) {
      isOver = true
      await Promise.all(work)
      const businesses = await owner.businessesByNote()
      const orders = [...businesses.values()]
      const vanished = sold.filter((note) => !businesses.has(note))
      const doubled = orders.filter((made) => made.length > 1).length
      const astray = orders.flat().filter((id) => id !== owner.second.id).length
      const lost = tally.lost.length + vanished.length
      console.log(
        `${name}: sent ${tally.sent} (${sold.length} sales), answered ${tally.answered}, retried ${tally.retried}, lost ${lost}, doubled ${doubled}, astray ${astray}`,
      )
      expect({ problems: tally.lost, vanished, doubled, astray }).toEqual({
        problems: [],
        vanished: [],
        doubled: 0,
        astray: 0,
      })
      // Every sale is of one unit, so that a duplicate stock entry shows here.
      const made = orders.flat().length
      expect(await owner.unitsDrawn()).toEqual({ balance: made, ledger: made })
      expect(tally.answered).toBeGreaterThan(0)
      return { retried: tally.retried }
    },
  }
}

/** A failure after which a client retries. */
class Retryable extends Error {}

/** Opens a conversation in a business. An instance that has just started on a busy machine may refuse it at first. */
async function begin(conversation: Conversation, businessId: string): Promise<void> {
  await retrying(() => conversation.initialize(), BEGIN_WITHIN_MS)
  await retrying(() => conversation.call('set_active_business', { businessId }), BEGIN_WITHIN_MS)
}

async function retrying<T>(ask: () => Promise<T>, patienceMs: number, onRetry?: () => void): Promise<T> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof Retryable) || Date.now() >= deadline) throw error
      onRetry?.()
      await sleep(TRY_AGAIN_MS)
    }
  }
}

export interface Conversation {
  /** Opens a session and keeps its id. */
  initialize(): Promise<void>
  /** The structured result of a tool. @throws Retryable, or an Error that says what is wrong */
  call(tool: string, args: Record<string, unknown>): Promise<Result>
}

interface Result {
  business?: { id: string }
  order?: { status: string }
}

/** A client of `/mcp` that sends the current token. */
export function connectClient(origin: string, token: () => string): Conversation {
  let session: string | null = null

  async function send(method: string, params: Record<string, unknown>) {
    const response = await fetch(`${origin}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token()}`,
        'content-type': 'application/json',
        ...(session === null ? {} : { 'mcp-session-id': session }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(20_000),
    }).catch((error: Error) => {
      throw new Retryable(`${error.message}: ${error.cause}`)
    })
    const text = await response.text().catch((error: Error) => {
      throw new Retryable(`cut off: ${error.message}`)
    })
    if (RETRYABLE_STATUS.has(response.status)) throw new Retryable(`${response.status} ${text}`)
    if (response.status !== 200) throw new Error(`${response.status} ${text}`)
    return { headers: response.headers, body: JSON.parse(text) }
  }

  return {
    async initialize() {
      const { headers } = await send('initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'faults', version: '1' },
      })
      session = headers.get('mcp-session-id')
    },
    async call(name, args) {
      const { body } = await send('tools/call', { name, arguments: args })
      const { isError, structuredContent, content } = body.result ?? {}
      if (isError === true && RETRYABLE.test(content[0].text)) throw new Retryable(content[0].text)
      if (structuredContent === undefined) throw new Error(`${name}: ${JSON.stringify(body).slice(0, 500)}`)
      return structuredContent
    },
  }
}

function wrong(data: unknown): string {
  return `a wrong answer: ${JSON.stringify(data).slice(0, 200)}`
}
