import { Type } from '@sinclair/typebox'
import { expect, it } from 'vitest'
import { OutcomeUnknown, ServiceError } from '../../src/errors.ts'
import { describeFailure } from '../../src/mcp/run-tool.ts'
import type { BusinessTool, CallContext } from '../../src/mcp/tool.ts'
import { write } from '../../src/mcp/write.ts'

const LOST = 'unavailable: The connection to the database broke at the end of the change: it may have been made.'
const TOOL = { name: 'create_order', mode: 'write', input: Type.Object({}) } as unknown as BusinessTool
const BUSINESS = { id: 'b', name: 'B', timezone: 'UTC', currency: 'GTQ', currencyDigits: 2, role: 'owner' }
// A database whose connection breaks at the end of every write.
const context = {
  principal: { ref: 'user:u' },
  database: { within: () => Promise.reject(new OutcomeUnknown(new Error('Connection terminated'))) },
} as unknown as CallContext

it.each([
  [{ idempotencyKey: 'k' }, `${LOST} The same call may be tried again after 2 seconds.`],
  [{}, `${LOST} Look whether it was before you repeat it: without an idempotencyKey it would be made twice.`],
])('a write with %j whose end was lost says what is safe', async (args, text) => {
  const failure = await write(TOOL, BUSINESS, args, context).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ServiceError)
  expect(describeFailure(failure as ServiceError)).toBe(text)
})
