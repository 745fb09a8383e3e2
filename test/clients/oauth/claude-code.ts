import { installed } from '../run.ts'
import { messagesApi, startScriptedModel } from './scripted-model.ts'
import type { ClientProgram, SteppedUpByHand, ToolCall } from './stays-connected.ts'

interface ClaudeCode extends SteppedUpByHand {
  /** Calls tools that it found before something happened. */
  callAfter(event: () => Promise<unknown>, ...calls: ToolCall[]): Promise<string[]>
}

/** Claude Code: each prompt is a process of its own, and all of them share one sign-in. */
export function claudeCode(): ClientProgram<ClaudeCode> {
  return {
    async connect(address, computer) {
      const program = installed(`@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`)
      computer.env.CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = '1'
      await computer.output(program, ['mcp', 'add', '--transport', 'http', '--scope', 'user', 'flowpos', address])
      const login = () => computer.inTerminal(program, ['mcp', 'login', 'flowpos'])
      await login()

      const model = await startScriptedModel(messagesApi, 'mcp__flowpos__')
      Object.assign(computer.env, {
        ANTHROPIC_BASE_URL: model.url,
        ANTHROPIC_API_KEY: 'none',
        // Sends the model all tools rather than one that searches for them.
        ENABLE_TOOL_SEARCH: 'false',
      })
      const prompt = () => computer.output(program, ['-p', 'How is my shop?', '--allowedTools', 'mcp__flowpos'])
      const turn = (...calls: ToolCall[]) => model.turn(calls, prompt)
      return {
        tools: async () => (await turn()).tools,
        call: async (...calls) => (await turn(...calls)).results,
        signInAgain: login,
        callAfter: async (event, ...calls) => (await model.turn(calls, prompt, event)).results,
        close: () => model.close(),
      }
    },
  }
}
