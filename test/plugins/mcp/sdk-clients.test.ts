import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FIRST_DAY, type Merchant, SECOND_DAY, startMerchant } from '../../support/merchant.ts'

let merchant: Merchant

beforeAll(async () => {
  merchant = await startMerchant()
})
afterAll(() => merchant?.service.close())

const INFO = { name: 'sdk-client', version: '1' }

/** The methods of both SDKs' clients that the conversation below uses. */
interface AnyClient {
  getServerVersion(): { name: string } | undefined
  getInstructions(): string | undefined
  listTools(): Promise<{ tools: { name: string; outputSchema?: unknown }[] }>
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<Record<string, unknown>>
  close(): Promise<void>
}

it.each(['outline', 'full'] as const)('serves the client of the first SDK, with schemas in %s', async (schemas) => {
  const client = new Client(INFO)
  const transport = new StreamableHTTPClientTransport(endpoint(schemas), options())
  await client.connect(transport as never)
  expect(transport.protocolVersion).toBe('2025-11-25')
  await converse(client as AnyClient, schemas)
  await transport.terminateSession()
  await client.close()
})

it.each([
  ['legacy', '2025-11-25', 'outline'],
  ['legacy', '2025-11-25', 'full'],
  ['auto', '2026-07-28', 'outline'],
  [{ pin: '2026-07-28' }, '2026-07-28', 'outline'],
  [{ pin: '2026-07-28' }, '2026-07-28', 'full'],
] as const)('serves the client of the second SDK, negotiating %j: %s, with schemas in %s', async (...example) => {
  const [mode, version, schemas] = example
  const client = new ClientV2(INFO, { versionNegotiation: { mode } })
  await client.connect(new TransportV2(endpoint(schemas), options()))
  expect(client.getNegotiatedProtocolVersion()).toBe(version)
  await converse(client as unknown as AnyClient, schemas)
  await client.close()
})

type Schemas = 'outline' | 'full'

/** Lists, calls, switches, calls again. Both clients check structured results against the listed output schemas. */
async function converse(client: AnyClient, schemas: Schemas): Promise<void> {
  expect(client.getServerVersion()?.name).toBe('flowpos')
  expect(client.getInstructions()).toContain('get_context')
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['set_active_business', 'summarize_day']))
  expect(tools.every(({ outputSchema }) => outputSchema !== undefined)).toBe(true)
  const outputSchema = tools.find(({ name }) => name === 'summarize_day')?.outputSchema
  expect(outputSchema).toHaveProperty('properties.days', {
    type: 'array',
    ...(schemas === 'full' ? { description: 'One per business', items: expect.any(Object) } : {}),
  })

  await call(client, 'set_active_business', { businessId: merchant.first.id })
  await expectDay(client, merchant.first.id, FIRST_DAY)
  await call(client, 'set_active_business', { businessId: merchant.second.id })
  await expectDay(client, merchant.second.id, SECOND_DAY)
}

async function expectDay(client: AnyClient, businessId: string, text: RegExp): Promise<void> {
  const result = await call(client, 'summarize_day', {})
  expect(result.content).toMatchObject([{ type: 'text', text: expect.stringMatching(text) }])
  expect(result.structuredContent).toMatchObject({
    business: { id: businessId },
    days: [{ window: { soFar: expect.any(String) } }],
  })
}

async function call(client: AnyClient, name: string, args: Record<string, unknown>) {
  const result = await client.callTool({ name, arguments: args })
  expect(result.isError ?? false).toBe(false)
  return result
}

function endpoint(schemas: Schemas): URL {
  return new URL(schemas === 'full' ? `${merchant.mcpUrl}?schemas=full` : merchant.mcpUrl)
}

function options() {
  return { requestInit: { headers: { authorization: `Bearer ${merchant.token}` } } }
}
