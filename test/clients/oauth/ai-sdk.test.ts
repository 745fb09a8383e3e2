import { installed } from '../run.ts'
import { createMemory } from './memory.ts'
import { type ClientProgram, staysConnected } from './stays-connected.ts'

// The package is installed after the types are checked, so they are written here as far as they are used.
interface AiSdk {
  auth(
    provider: object,
    options: { serverUrl: string; authorizationCode?: string; callbackState?: string },
  ): Promise<'AUTHORIZED' | 'REDIRECT'>
  createMCPClient(options: { transport: { type: 'http'; url: string; authProvider: object } }): Promise<{
    tools(): Promise<
      Record<string, { execute(args: object, options: object): Promise<{ content: [{ text: string }] }> }>
    >
    close(): Promise<void>
  }>
}

staysConnected('the AI SDK', aiSdk())

function aiSdk(): ClientProgram {
  return {
    async connect(url, computer) {
      const { auth, createMCPClient } = (await import(installed('@ai-sdk/mcp/dist/index.js'))) as AiSdk
      const memory = createMemory()
      await auth(memory.provider, { serverUrl: url })
      const { searchParams } = await computer.signIn(memory.authorizationUrl())
      await auth(memory.provider, { serverUrl: url, authorizationCode: searchParams.get('code') as string })
      const client = await createMCPClient({ transport: { type: 'http', url, authProvider: memory.provider } })
      const tools = await client.tools()
      return {
        tools: async () => Object.keys(tools),
        call: (...calls) =>
          Promise.all(
            calls.map(async ([name, args = {}]) => {
              const answer = await tools[name]?.execute(args, { toolCallId: '1', messages: [] })
              return answer?.content[0].text as string
            }),
          ),
        close: () => client.close(),
      }
    },
  }
}
