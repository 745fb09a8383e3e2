import { describe, expect, it } from 'vitest'
import { snippets } from '../src/snippets.ts'

const MCP_URL = 'https://api.flowpos.app/mcp'
const all = snippets({ mcpUrl: MCP_URL, token: 'TOKEN' })
const codeOf = (id: string) => all.find((snippet) => snippet.id === id)?.code ?? ''

describe('snippets', () => {
  it('covers every client of the guide, each dated and complete', () => {
    expect(all.map(({ client }) => client)).toEqual([
      'Claude Desktop',
      'Claude Code',
      'Claude.ai',
      'Cursor',
      'ChatGPT / OpenAI',
      'Gemini CLI',
      'Gemini API',
      'curl',
    ])
    for (const { code, checked, where } of all) {
      expect(code).toContain(MCP_URL)
      expect(code).toContain('Bearer TOKEN')
      expect(where).not.toBe('')
      expect(checked).toBe('2026-11')
    }
  })

  it('has the same code in Spanish, with words of its own', () => {
    const spanish = snippets({ mcpUrl: MCP_URL, token: 'TOKEN' }, 'es')
    expect(spanish.map(({ code }) => code)).toEqual(all.map(({ code }) => code))
    for (const [index, { note }] of spanish.entries()) expect(note).not.toBe(all[index]?.note)
  })

  it('gives Claude Desktop the bridge, with the header out of the arguments', () => {
    expect(JSON.parse(codeOf('claude-desktop'))).toEqual({
      mcpServers: {
        flowpos: {
          command: 'npx',
          args: ['-y', 'mcp-remote', MCP_URL, '--header', `Authorization:\${AUTH_HEADER}`],
          env: { AUTH_HEADER: 'Bearer TOKEN' },
        },
      },
    })
  })

  it('gives Claude Code the address as an argument', () => {
    expect(codeOf('claude-code')).toBe(
      'claude mcp add --transport http flowpos https://api.flowpos.app/mcp \\\n  --header "Authorization: Bearer TOKEN"',
    )
  })

  it('gives Cursor its file', () => {
    expect(JSON.parse(codeOf('cursor'))).toEqual({
      mcpServers: { flowpos: { url: MCP_URL, headers: { Authorization: 'Bearer TOKEN' } } },
    })
  })

  it('lets the Responses API run unattended', () => {
    expect(codeOf('openai')).toContain(`"server_url": "${MCP_URL}"`)
    expect(codeOf('openai')).toContain('"headers": {"Authorization": "Bearer TOKEN"}')
    expect(codeOf('openai')).toContain('"require_approval": "never"')
  })

  it('does not use the LangChain client as a context manager', () => {
    expect(codeOf('gemini')).toContain('client = MultiServerMCPClient({')
    expect(codeOf('gemini')).not.toContain('async with')
  })

  it('sends JSON with curl', () => {
    expect(codeOf('curl')).toBe(
      `curl -s -X POST ${MCP_URL} \\
  -H "Authorization: Bearer TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'`,
    )
  })
})
