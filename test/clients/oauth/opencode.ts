import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { installed } from '../run.ts'
import { completionsApi, startScriptedModel } from './scripted-model.ts'
import type { ClientProgram, SteppedUpByHand, ToolCall } from './stays-connected.ts'

/** opencode, by the server that its windows talk to. */
export function opencode(): ClientProgram<SteppedUpByHand> {
  return {
    async connect(address, computer) {
      const program = installed(`opencode-${process.platform}-${process.arch}/bin/opencode`)
      /** Its command succeeds without the sign-in, too. */
      const authorize = async () => {
        const printed = await computer.output(program, ['mcp', 'auth', 'flowpos'])
        const list = await computer.output(program, ['mcp', 'list'])
        if (!/✓ flowpos .*connected/.test(list)) throw new Error(`opencode is not connected\n${printed}\n${list}`)
      }
      Object.assign(computer.env, {
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      })
      await computer.output(program, ['mcp', 'add', 'flowpos', '--url', address])
      await authorize()

      const model = await startScriptedModel(completionsApi, 'flowpos_')
      const provider = { npm: '@ai-sdk/openai-compatible', options: { baseURL: model.url }, models: { scripted: {} } }
      computer.env.OPENCODE_CONFIG_CONTENT = JSON.stringify({ provider: { test: provider }, permission: 'allow' })
      const server = spawn(program, ['serve', '--port', '0'], { cwd: computer.home, env: computer.env })
      const url = await new Promise<string>((resolve, reject) => {
        createInterface({ input: server.stdout }).on('line', (line) => {
          const [listening] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
          if (listening !== undefined) resolve(listening)
        })
        server.once('close', () => reject(new Error('opencode serve ended')))
      })
      const post = async (path: string, body: object) => {
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
        return response.json() as Promise<{ id: string }>
      }
      const turn = (...calls: ToolCall[]) =>
        model.turn(calls, async () => {
          const { id } = await post('/session', { title: 'Shop' })
          const parts = [{ type: 'text', text: 'How is my shop?' }]
          const a = await post(`/session/${id}/message`, { model: { providerID: 'test', modelID: 'scripted' }, parts })
          return JSON.stringify(a)
        })
      return {
        tools: async () => (await turn()).tools,
        call: async (...calls) => (await turn(...calls)).results,
        async signInAgain() {
          await computer.output(program, ['mcp', 'logout', 'flowpos'])
          await authorize()
          // As its windows do when somebody switches a server off and on.
          for (const way of ['disconnect', 'connect']) await post(`/mcp/flowpos/${way}`, {})
        },
        async close() {
          server.kill()
          await once(server, 'close')
          await model.close()
        },
      }
    },
  }
}
