import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createMemory, type Memory } from './memory.ts'
import type { ClientProgram, ConnectedClient } from './stays-connected.ts'

const INFO = { name: 'sdk-client', version: '1' }

/**
 * The first official SDK.
 * @param processes how many use the one sign-in
 */
export function sdkV1(processes: number): ClientProgram {
  return {
    async connect(address, computer) {
      const memory = createMemory()
      const transport = ({ provider }: Memory) =>
        new StreamableHTTPClientTransport(new URL(address), { authProvider: provider })
      const first = transport(memory)
      await new Client(INFO).connect(first as never).catch(() => {})
      const callback = await computer.signIn(memory.authorizationUrl())
      await first.finishAuth(callback.searchParams.get('code') as string)
      return using(
        await start(processes, async () => {
          const client = new Client(INFO)
          await client.connect(transport(memory.copy()) as never)
          return client
        }),
      )
    },
  }
}

/** The second official SDK; `processes` as above. */
export function sdkV2(processes: number, options: ConstructorParameters<typeof ClientV2>[1] = {}): ClientProgram {
  return {
    async connect(address, computer) {
      const memory = createMemory()
      const transport = ({ provider }: Memory) => new TransportV2(new URL(address), { authProvider: provider })
      const first = transport(memory)
      await new ClientV2(INFO).connect(first).catch(() => {})
      await first.finishAuth((await computer.signIn(memory.authorizationUrl())).searchParams)
      return using(
        await start(processes, async () => {
          const client = new ClientV2(INFO, options)
          await client.connect(transport(memory.copy()))
          return client
        }),
      )
    },
  }
}

function start<C>(count: number, one: () => Promise<C>): Promise<C[]> {
  return Promise.all(Array.from({ length: count }, one))
}

function using(clients: (Client | ClientV2)[]): ConnectedClient {
  return {
    tools: async () => ((await clients[0]?.listTools())?.tools ?? []).map(({ name }) => name),
    call: (...calls) =>
      Promise.all(
        calls.map(async ([name, args = {}], index) => {
          const client = clients[index % clients.length] as Client
          const { content } = await client.callTool({ name, arguments: args })
          return (content as [{ text: string }])[0].text
        }),
      ),
    async close() {
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}
