import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createMemory } from './memory.ts'
import { type ClientProgram, staysConnected } from './stays-connected.ts'

const INFO = { name: 'sdk-client', version: '1' }
const EXPIRIES = 20

staysConnected('the first SDK', sdkV1(), { expiries: EXPIRIES, isPinned: true })
staysConnected('the second SDK', sdkV2({}), { expiries: EXPIRIES })
staysConnected('the second SDK in the newest revision', sdkV2({ versionNegotiation: { mode: 'auto' } }), {
  expiries: EXPIRIES,
  isPinned: true,
})

function sdkV1(): ClientProgram {
  return {
    async connect(address, computer) {
      const memory = createMemory()
      const transport = () => new StreamableHTTPClientTransport(new URL(address), { authProvider: memory.provider })
      const first = transport()
      await new Client(INFO).connect(first as never).catch(() => {})
      const callback = await computer.signIn(memory.authorizationUrl())
      await first.finishAuth(callback.searchParams.get('code') as string)
      const client = new Client(INFO)
      await client.connect(transport() as never)
      return using(client)
    },
  }
}

function sdkV2(options: ConstructorParameters<typeof ClientV2>[1]): ClientProgram {
  return {
    async connect(address, computer) {
      const memory = createMemory()
      const transport = () => new TransportV2(new URL(address), { authProvider: memory.provider })
      const first = transport()
      await new ClientV2(INFO).connect(first).catch(() => {})
      await first.finishAuth((await computer.signIn(memory.authorizationUrl())).searchParams)
      const client = new ClientV2(INFO, options)
      await client.connect(transport())
      return using(client)
    },
  }
}

function using(client: Client | ClientV2) {
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (...calls: [name: string, args?: Record<string, unknown>][]) =>
      Promise.all(
        calls.map(async ([name, args = {}]) => {
          const { content } = await client.callTool({ name, arguments: args })
          return (content as [{ text: string }])[0].text
        }),
      ),
    close: () => client.close(),
  }
}
