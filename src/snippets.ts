/** How to connect one client. */
export interface Snippet {
  id: string
  client: string
  /** Where the code belongs. */
  where: string
  language: 'bash' | 'json' | 'python' | 'text'
  code: string
  note: string
  /** Month in which this was last compared with the client's own documentation. */
  checked: string
}

const CHECKED = '2026-11'

/**
 * The configuration of every client, ready to paste.
 * @param connection the address of the endpoint and an MCP token or API key
 */
export function snippets({ mcpUrl, token }: { mcpUrl: string; token: string }): Snippet[] {
  const authorization = `Bearer ${token}`
  const quoted = JSON.stringify
  const snippet = (parts: Omit<Snippet, 'checked'>): Snippet => ({ ...parts, checked: CHECKED })

  return [
    snippet({
      id: 'claude-desktop',
      client: 'Claude Desktop',
      where:
        'claude_desktop_config.json, in ~/Library/Application Support/Claude (macOS) or %APPDATA%\\Claude (Windows)',
      language: 'json',
      // Claude Desktop on Windows splits arguments at spaces, so the header's value is passed in the environment.
      code: json({
        mcpServers: {
          flowpos: {
            command: 'npx',
            args: ['-y', 'mcp-remote', mcpUrl, '--header', `Authorization:\${AUTH_HEADER}`],
            env: { AUTH_HEADER: authorization },
          },
        },
      }),
      note: 'Needs Node.js. Save the file and restart Claude Desktop.',
    }),
    snippet({
      id: 'claude-code',
      client: 'Claude Code',
      where: 'Terminal; the VS Code extension shares the configuration',
      language: 'bash',
      code: `claude mcp add --transport http flowpos ${mcpUrl} \\\n  --header "Authorization: ${authorization}"`,
      note: 'When the token has expired: claude mcp remove flowpos, then add it again with a new one.',
    }),
    snippet({
      id: 'claude-ai',
      client: 'Claude.ai',
      where: 'Settings → Connectors → Add custom connector',
      language: 'text',
      code: `Name: FlowPOS\nURL: ${mcpUrl}\nHeader: Authorization: ${authorization}`,
      note: `If the form offers no headers, enter ${mcpUrl}/connect as the URL instead and sign in when asked: that needs no token. Claude's servers must be able to reach the address.`,
    }),
    snippet({
      id: 'cursor',
      client: 'Cursor',
      where: '.cursor/mcp.json in the project, or ~/.cursor/mcp.json for all projects',
      language: 'json',
      code: json({ mcpServers: { flowpos: { url: mcpUrl, headers: { Authorization: authorization } } } }),
      note: 'Keep the file out of git and reload the window after a change.',
    }),
    snippet({
      id: 'openai',
      client: 'ChatGPT / OpenAI',
      where: 'Python, Responses API: pip install openai',
      language: 'python',
      code: `from openai import OpenAI

client = OpenAI()
response = client.responses.create(
    model="gpt-5",
    tools=[{
        "type": "mcp",
        "server_label": "flowpos",
        "server_url": ${quoted(mcpUrl)},
        "headers": {"Authorization": ${quoted(authorization)}},
        "require_approval": "never",
    }],
    input="Summarize today's sales and tell me what to reorder.",
)
print(response.output_text)`,
      note: `"never" lets it run unattended, writes included; leave the line out to approve each call. OpenAI's servers must be able to reach the address. In ChatGPT itself, add ${mcpUrl}/connect as a connector and sign in when asked.`,
    }),
    snippet({
      id: 'gemini-cli',
      client: 'Gemini CLI',
      where: 'Terminal',
      language: 'bash',
      code: `gemini mcp add --scope user --transport http \\\n  --header "Authorization: ${authorization}" \\\n  flowpos ${mcpUrl}`,
      note: 'Start Gemini CLI in a folder that you trust and type /mcp to see the tools.',
    }),
    snippet({
      id: 'gemini',
      client: 'Gemini API',
      where: 'Python: pip install langchain langchain-mcp-adapters langchain-google-genai',
      language: 'python',
      code: `import asyncio
from langchain.agents import create_agent
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_mcp_adapters.client import MultiServerMCPClient

async def main():
    client = MultiServerMCPClient({
        "flowpos": {
            "transport": "streamable_http",
            "url": ${quoted(mcpUrl)},
            "headers": {"Authorization": ${quoted(authorization)}},
        }
    })
    model = ChatGoogleGenerativeAI(model="gemini-2.5-flash")
    agent = create_agent(model, await client.get_tools())
    question = "Check my inventory health and summarize what needs reordering."
    result = await agent.ainvoke({"messages": [{"role": "user", "content": question}]})
    print(result["messages"][-1].content)

asyncio.run(main())`,
      note: 'Set GOOGLE_API_KEY first.',
    }),
    snippet({
      id: 'curl',
      client: 'curl',
      where: 'Terminal',
      language: 'bash',
      code: `curl -s -X POST ${mcpUrl} \\
  -H "Authorization: ${authorization}" \\
  -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'`,
      note: 'Lists the tools that this credential may use.',
    }),
  ]
}

function json(value: object): string {
  return JSON.stringify(value, null, 2)
}
