import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { listen } from '../../support/merchant.ts'
import { makeOrder, type Product } from '../../support/shop.ts'
import { startTill, type Till } from '../../support/till.ts'

let till: Till
/** The addresses of two instances. */
let origins: [string, string]
let product: Product
let orders = 0

beforeAll(async () => {
  till = await startTill()
  origins = [await listen(till.service.app), await listen(await till.service.anotherInstance())]
  product = await till.product('COFFEE', { price: '10', stock: '1000' })
})
afterAll(() => till?.service.close())

/** What the person is asked, in words, and their answers to come. */
let questions: string[]
let answers: ('accept' | 'decline' | 'cancel')[]
beforeEach(() => {
  questions = []
  answers = []
})

function answer({ params }: { params: { message: string } }) {
  questions.push(params.message)
  const action = answers.shift() ?? 'cancel'
  return action === 'accept' ? { action, content: {} } : { action }
}

type Call = (name: string, args: Record<string, unknown>) => Promise<{ text: string; isError: boolean }>

/** @param change what becomes of the body of a request on its way */
async function clientOf2026(
  change: (body: string, init: RequestInit) => string = (body) => body,
  { shows = true, token = till.owner } = {},
): Promise<{ call: Call; close(): Promise<void>; sent: string[] }> {
  const client = new ClientV2(
    { name: 'asked', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } }, capabilities: shows ? { elicitation: { form: {} } } : {} },
  )
  if (shows) client.setRequestHandler('elicitation/create', answer as never)
  const sent: string[] = []
  let turn = 0
  const transport = new TransportV2(new URL(`${origins[0]}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
    // Each request reaches the other instance than the one before.
    fetch: (url, init = {}) => {
      turn += 1
      const body = typeof init.body === 'string' ? change(init.body, init) : init.body
      if (typeof body === 'string') sent.push(body)
      return fetch(String(url).replace(origins[0], origins[turn % 2] as string), { ...init, body: body ?? null })
    },
  })
  await client.connect(transport)
  return {
    sent,
    async call(name, args) {
      const { content, isError = false } = await client.callTool({ name, arguments: args })
      return { text: (content as { text: string }[])[0]?.text ?? '', isError }
    },
    close: () => client.close(),
  }
}

/** Its calls go to one instance, and its answers to the other. */
async function clientOf2025(): Promise<{ call: Call; close(): Promise<void> }> {
  const client = new Client({ name: 'asked', version: '1' }, { capabilities: { elicitation: {} } })
  client.setRequestHandler(ElicitRequestSchema, answer as never)
  const transport = new StreamableHTTPClientTransport(new URL(`${origins[0]}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${till.owner}` } },
    fetch: (url, init = {}) => {
      const isAnswer = typeof init.body === 'string' && init.body.includes('"result"')
      return fetch(isAnswer ? String(url).replace(origins[0], origins[1]) : url, init)
    },
  })
  await client.connect(transport as never)
  return {
    async call(name, args) {
      const { content, isError = false } = await client.callTool({ name, arguments: args })
      return { text: (content as { text: string }[])[0]?.text ?? '', isError: isError === true }
    },
    async close() {
      await transport.terminateSession()
      await client.close()
    },
  }
}

async function sale(): Promise<string> {
  const number = `S-${++orders}`
  await makeOrder(till.service.db.database, till.shop, {
    number,
    at: till.service.now.toISOString(),
    lines: [{ ...product, quantity: '2', unitPrice: '10' }],
  })
  return number
}

const refund = (order: string, more: object = {}) => ({
  order,
  reason: 'cold',
  restock: false,
  method: 'cash',
  ...more,
})
const refundsOf = async (order: string) =>
  (
    await till.service.db.asOwner(
      'select 1 from order_refund r join orders o on o.id = r.order_id where o.order_number = $1',
      [order],
    )
  ).length

describe('with the revision 2026-07-28, over two instances', () => {
  it('a refund is asked about in words, and made once after a yes', async () => {
    const { call, close, sent } = await clientOf2026()
    const order = await sale()
    answers = ['accept']
    const { text, isError } = await call('refund_order', refund(order))
    expect({ isError, text }).toEqual({ isError: false, text: expect.stringContaining(order) })
    expect(questions).toEqual([expect.stringMatching(new RegExp(`^${till.shop.name}: Would .*${order}.*20\\.00`, 's'))])
    expect(questions[0]).not.toContain('untrusted')
    expect(await refundsOf(order)).toBe(1)

    // The answer, sent once more, does nothing more.
    const again = await fetch(`${origins[0]}/mcp`, {
      method: 'POST',
      headers: headersOf(till.owner, 'refund_order'),
      body: sent.at(-1) ?? '',
    })
    expect(again.status).toBe(200)
    expect(await refundsOf(order)).toBe(1)
    await close()
  })

  it('nothing is written after a no, which the audit trail keeps', async () => {
    const { call, close } = await clientOf2026()
    const order = await sale()
    for (const action of ['decline', 'cancel'] as const) {
      answers = [action]
      const { text, isError } = await call('cancel_order', { order, reason: 'mistake' })
      expect({ isError, text }).toEqual({ isError: true, text: expect.stringMatching(/^declined: /) })
    }
    const [row] = await till.service.db.asOwner<{ status: string }>(
      'select status from orders where order_number = $1',
      [order],
    )
    expect(row?.status).toBe('completed')
    const rows = () => till.service.db.asOwner("select outcome from mcp_audit where action = 'cancel_order'", [])
    await expect.poll(rows, { timeout: 10_000 }).toEqual([{ outcome: 'declined' }, { outcome: 'declined' }])
    await close()
  })

  it('an answer counts for no other call, no other person, no later hour, and cannot be made up', async () => {
    const [first, second] = [await sale(), await sale()]
    const isAnswer = (body: string) => body.includes('inputResponses')
    const tries: Record<string, (body: string, init: RequestInit) => string> = {
      'another call than this one': (body) => (isAnswer(body) ? body.replace(`"${first}"`, `"${second}"`) : body),
      requestState: (body) =>
        isAnswer(body) ? body.replace(/"requestState":"v1\.(.)/, '"requestState":"v1.x$1') : body,
    }
    for (const [refused, change] of Object.entries(tries)) {
      const { call, close } = await clientOf2026(change)
      answers = ['accept']
      const said = await call('refund_order', refund(first)).then(
        ({ text, isError }) => (isError ? text : 'made'),
        (error: Error) => error.message,
      )
      expect(said).toContain(refused)
      await close()
    }

    const owner = await clientOf2026()
    answers = ['cancel']
    await owner.call('refund_order', refund(first))
    const confirmed = (owner.sent.at(-1) ?? '').replace('"action":"cancel"', '"action":"accept"')
    expect(confirmed).toContain('"action":"accept"')
    const send = async (token: string) => {
      const url = `${origins[1]}/mcp`
      const response = await fetch(url, { method: 'POST', headers: headersOf(token, 'refund_order'), body: confirmed })
      return response.text()
    }
    // The cashier may refund this order, but it was the owner who was asked.
    expect(await send(till.cashier)).toContain('another call than this one')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * 60_000 })
    try {
      expect(await send(till.owner)).toMatch(/expired requestState/)
    } finally {
      vi.useRealTimers()
    }
    await owner.close()
    expect([await refundsOf(first), await refundsOf(second)]).toEqual([0, 0])
  })

  it('only large changes of price and stock are asked about', async () => {
    const { call, close } = await clientOf2026()
    const before = Number(await till.onHand('COFFEE'))
    await call('update_product', { variant: 'COFFEE', price: '11' })
    await call('adjust_inventory', { product: 'COFFEE', change: '-20' })
    expect(questions).toEqual([])
    answers = ['accept', 'accept']
    await call('update_product', { variant: 'COFFEE', price: '12.2' })
    await call('adjust_inventory', { product: 'COFFEE', change: '-21' })
    expect(questions).toEqual([expect.stringMatching(/12\.2/), expect.stringMatching(/-21/)])
    expect(Number(await till.onHand('COFFEE'))).toBe(before - 41)
    await close()
  })

  it('dry runs and repeated calls are not asked about, and clients without forms work as ever', async () => {
    const { call, close } = await clientOf2026()
    const order = await sale()
    expect((await call('refund_order', refund(order, { dryRun: true }))).text).toMatch(/^Dry run/)
    answers = ['accept']
    await call('refund_order', refund(order, { idempotencyKey: 'k-1' }))
    expect((await call('refund_order', refund(order, { idempotencyKey: 'k-1' }))).text).toMatch(/^Already done/)
    expect(questions).toHaveLength(1)
    await close()

    const plain = await clientOf2026(undefined, { shows: false })
    const other = await sale()
    expect((await plain.call('refund_order', refund(other))).isError).toBe(false)
    expect(await refundsOf(other)).toBe(1)
    await plain.close()
  })
})

describe('with the revision 2025-11-25, over two instances', () => {
  it('a yes that reaches another instance lets the call go on, and a no ends it', async () => {
    const { call, close } = await clientOf2025()
    const [first, second] = [await sale(), await sale()]
    answers = ['accept', 'decline', 'cancel']
    const made = await call('refund_order', refund(first))
    expect(made).toEqual({ isError: false, text: expect.stringContaining(first) })
    for (const _no of ['decline', 'cancel']) {
      expect(await call('refund_order', refund(second))).toEqual({
        isError: true,
        text: expect.stringMatching(/^declined: /),
      })
    }
    expect(questions).toHaveLength(3)
    expect(questions[0]).toMatch(new RegExp(`^${till.shop.name}: Would .*${first}`, 's'))
    expect([await refundsOf(first), await refundsOf(second)]).toEqual([1, 0])
    await close()
  })

  it('two calls at a time are each answered for themselves', async () => {
    const { call, close } = await clientOf2025()
    const [first, second] = [await sale(), await sale()]
    answers = ['accept', 'decline']
    const results = await Promise.all([first, second].map((order) => call('refund_order', refund(order))))
    expect(results.map(({ isError }) => isError).toSorted()).toEqual([false, true])
    const refunded = [await refundsOf(first), await refundsOf(second)]
    expect(refunded).toEqual(results.map(({ isError }) => (isError ? 0 : 1)))
    await close()
  })

  it('what is small is done at once', async () => {
    const { call, close } = await clientOf2025()
    const { text } = await call('adjust_inventory', { product: 'COFFEE', change: '-1' })
    expect(text).toMatch(/^Stock of/)
    expect(questions).toEqual([])
    await close()
  })
})

function headersOf(token: string, tool: string) {
  return {
    authorization: `Bearer ${token}`,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': tool,
  }
}
