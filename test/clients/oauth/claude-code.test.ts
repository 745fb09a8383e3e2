import { installed } from '../run.ts'
import { messagesApi, startScriptedModel } from './scripted-model.ts'
import { type ClientProgram, staysConnected, type ToolCall } from './stays-connected.ts'

staysConnected('Claude Code', claudeCode(), { document: 'claudeCode', isPinned: true })
staysConnected('Claude Code at a service that takes no documents', claudeCode(), {
  config: { OAUTH_CLIENT_DOCUMENTS: 'off' },
})

/** Claude Code: each prompt is a process of its own, and all of them share one sign-in. */
function claudeCode(): ClientProgram {
  return {
    async connect(address, computer) {
      const program = installed(`@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`)
      const model = await startScriptedModel(messagesApi, 'mcp__flowpos__')
      Object.assign(computer.env, {
        ANTHROPIC_BASE_URL: model.url,
        ANTHROPIC_API_KEY: 'none',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        // Sends the model all tools rather than one that searches for them.
        ENABLE_TOOL_SEARCH: 'false',
      })
      await computer.output(program, ['mcp', 'add', '--transport', 'http', '--scope', 'user', 'flowpos', address])
      await computer.inTerminal(program, ['mcp', 'login', 'flowpos'])
      const prompt = () => computer.output(program, ['-p', 'How is my shop?', '--allowedTools', 'mcp__flowpos'])
      const turn = (...calls: ToolCall[]) => model.turn(calls, prompt)
      return {
        tools: async () => (await turn()).tools,
        call: async (...calls) => (await turn(...calls)).results,
        close: () => model.close(),
      }
    },
  }
}
