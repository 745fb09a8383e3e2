import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import { afterAll, beforeAll, expect, it } from 'vitest'
import audit from '../../../plugins/data/audit.ts'
import postgres from '../../../plugins/data/postgres.ts'
import auditCaller from '../../../plugins/http/audit-caller.ts'
import metrics from '../../../plugins/http/metrics.ts'
import toolCalls from '../../../plugins/mcp/tool-calls.ts'
import type { Principal } from '../../../src/auth/principal.ts'
import { SCOPES } from '../../../src/auth/scopes.ts'
import { loadConfig } from '../../../src/config.ts'
import { SERVICE_ROLE } from '../../../src/database/pool.ts'
import { createRegistry } from '../../../src/mcp/registry.ts'
import { changing, defineTool, type Tool } from '../../../src/mcp/tool.ts'
import { systemClock } from '../../../src/time/clock.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { makeShop, type Shop } from '../../support/shop.ts'

let db: TestDatabase
let shop: Shop

beforeAll(async () => {
  db = await createTestDatabase()
  shop = await makeShop(db)
})
afterAll(() => db?.close())

it.each([
  [true, true],
  [true, false],
  [false, true],
  [false, false],
])('a call is audited once, also of a tool that answers dryRun %s and replayed %s itself', async (dryRun, replayed) => {
  const tool = defineTool({
    name: 'count_stock',
    title: 'Count stock',
    description: 'Counts.',
    scopes: [],
    annotations: changing,
    mode: 'write',
    input: Type.Object({}),
    output: Type.Object({ dryRun: Type.Boolean(), replayed: Type.Boolean(), counted: Type.Integer() }),
    handler: async () => ({ text: 'Counted.', data: { dryRun, replayed, counted: 3 }, subject: 'stock' }),
  })
  const caller = `user:${dryRun}-${replayed}`
  const idempotencyKey = 'k'
  const calls = { plain: {}, rehearsal: { dryRun: true }, first: { idempotencyKey }, again: { idempotencyKey } }
  const answers = await callAll(caller, tool, calls)

  // The service's own flags, which every client relies on.
  const flags = (flags: { dryRun: boolean; replayed: boolean }) => expect.objectContaining({ ...flags, counted: 3 })
  expect(answers).toEqual({
    plain: flags({ dryRun: false, replayed: false }),
    rehearsal: flags({ dryRun: true, replayed: false }),
    first: flags({ dryRun: false, replayed: false }),
    again: flags({ dryRun: false, replayed: true }),
  })
  const audited = await db.asOwner(
    'select request_id, action as tool, outcome, subject from mcp_audit where principal = $1 order by request_id, subject',
    [caller],
  )
  expect(audited).toEqual([
    // Answered with the first call's result, and recorded as a separate call.
    { request_id: 'again', tool: 'count_stock', outcome: 'ok', subject: null },
    { request_id: 'first', tool: 'count_stock', outcome: 'ok', subject: 'stock' },
    { request_id: 'plain', tool: 'count_stock', outcome: 'ok', subject: 'stock' },
    { request_id: 'rehearsal', tool: 'count_stock', outcome: 'ok', subject: null },
  ])
})

/** Calls a tool with each of several arguments, and waits until the audit trail is written. */
async function callAll(ref: string, tool: Tool, calls: Record<string, Record<string, unknown>>) {
  const config = loadConfig({ MCP_TOKEN_SECRET: 'x'.repeat(32), DATABASE_URL: db.ownerUrl })
  const app = Fastify()
  await app.register(metrics, { config })
  await app.register(postgres, { config, role: SERVICE_ROLE })
  await app.register(auditCaller)
  await app.register(audit, { clock: systemClock })
  await app.register(fp(async () => void app.decorate('registry', createRegistry([tool])), { name: 'registry' }))
  await app.register(toolCalls)

  const principal: Principal = {
    kind: 'merchant',
    role: 'merchant',
    ref,
    userId: null,
    credentialId: '0e7d9b1c-6f0a-4b6e-9f57-0d8a2f7c1a11',
    grantedScopes: SCOPES,
    clientData: true,
    businesses: [{ ...shop, timezone: 'America/Guatemala', currency: 'GTQ', currencyDigits: 2, role: 'owner' }],
    defaultBusinessId: shop.id,
    expiresAt: null,
  }
  const answers: Record<string, unknown> = {}
  for (const [requestId, args] of Object.entries(calls)) {
    const context = {
      principal,
      now: new Date(),
      requestId,
      hints: {},
      database: app.database,
      findTenant: async () => null,
      chooseBusiness: async () => {},
    }
    answers[requestId] = (await app.toolCalls.run(tool.name, args, context, app.log))?.structuredContent
  }
  await app.close()
  return answers
}
