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
 * @param language of what people read; the code is the same
 */
export function snippets(
  { mcpUrl, token }: { mcpUrl: string; token: string },
  language: 'en' | 'es' = 'en',
): Snippet[] {
  const authorization = `Bearer ${token}`
  const quoted = JSON.stringify
  const words = WORDS[language](mcpUrl)
  const snippet = (parts: Omit<Snippet, 'checked' | 'where' | 'note'> & { id: keyof typeof words }): Snippet => ({
    ...parts,
    ...words[parts.id],
    checked: CHECKED,
  })

  return [
    snippet({
      id: 'claude-desktop',
      client: 'Claude Desktop',
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
    }),
    snippet({
      id: 'claude-code',
      client: 'Claude Code',
      language: 'bash',
      code: `claude mcp add --transport http flowpos ${mcpUrl} \\\n  --header "Authorization: ${authorization}"`,
    }),
    snippet({
      id: 'claude-ai',
      client: 'Claude.ai',
      language: 'text',
      code: `Name: FlowPOS\nURL: ${mcpUrl}\nHeader: Authorization: ${authorization}`,
    }),
    snippet({
      id: 'cursor',
      client: 'Cursor',
      language: 'json',
      code: json({ mcpServers: { flowpos: { url: mcpUrl, headers: { Authorization: authorization } } } }),
    }),
    snippet({
      id: 'openai',
      client: 'ChatGPT / OpenAI',
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
    }),
    snippet({
      id: 'gemini-cli',
      client: 'Gemini CLI',
      language: 'bash',
      code: `gemini mcp add --scope user --transport http \\\n  --header "Authorization: ${authorization}" \\\n  flowpos ${mcpUrl}`,
    }),
    snippet({
      id: 'gemini',
      client: 'Gemini API',
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
    }),
    snippet({
      id: 'curl',
      client: 'curl',
      language: 'bash',
      code: `curl -s -X POST ${mcpUrl} \\
  -H "Authorization: ${authorization}" \\
  -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'`,
    }),
  ]
}

interface Words {
  where: string
  note: string
}

const WORDS = {
  en: (mcpUrl: string) => ({
    'claude-desktop': {
      where:
        'claude_desktop_config.json, in ~/Library/Application Support/Claude (macOS) or %APPDATA%\\Claude (Windows)',
      note: 'Needs Node.js. Save the file and restart Claude Desktop.',
    },
    'claude-code': {
      where: 'Terminal; the VS Code extension shares the configuration',
      note: 'When the token has expired: claude mcp remove flowpos, then add it again with a new one.',
    },
    'claude-ai': {
      where: 'Customize → Connectors → + → Add custom connector',
      note: `If the form offers no headers, enter ${mcpUrl}/connect as the URL instead and sign in when asked: that needs no token. Claude's servers must be able to reach the address.`,
    },
    cursor: {
      where: '.cursor/mcp.json in the project, or ~/.cursor/mcp.json for all projects',
      note: 'Keep the file out of git and reload the window after a change.',
    },
    openai: {
      where: 'Python, Responses API: pip install openai',
      note: `"never" lets it run unattended, writes included; leave the line out to approve each call. OpenAI's servers must be able to reach the address. In ChatGPT itself, add ${mcpUrl}/connect under Plugins and sign in when asked.`,
    },
    'gemini-cli': {
      where: 'Terminal',
      note: 'Start Gemini CLI in a folder that you trust and type /mcp to see the tools.',
    },
    gemini: {
      where: 'Python: pip install langchain langchain-mcp-adapters langchain-google-genai',
      note: 'Set GOOGLE_API_KEY first.',
    },
    curl: { where: 'Terminal', note: 'Lists the tools that this credential may use.' },
  }),
  es: (mcpUrl: string) => ({
    'claude-desktop': {
      where:
        'claude_desktop_config.json, en ~/Library/Application Support/Claude (macOS) o %APPDATA%\\Claude (Windows)',
      note: 'Necesita Node.js. Guarda el archivo y reinicia Claude Desktop.',
    },
    'claude-code': {
      where: 'Terminal; la extensión de VS Code usa la misma configuración',
      note: 'Cuando el token haya caducado: claude mcp remove flowpos, y agrégalo otra vez con uno nuevo.',
    },
    'claude-ai': {
      where: 'Personalizar → Conectores → + → Agregar conector personalizado',
      note: `Si el formulario no ofrece encabezados, escribe ${mcpUrl}/connect como URL e inicia sesión cuando lo pida: así no hace falta token. Los servidores de Claude tienen que poder llegar a la dirección.`,
    },
    cursor: {
      where: '.cursor/mcp.json en el proyecto, o ~/.cursor/mcp.json para todos los proyectos',
      note: 'No subas el archivo a git, y recarga la ventana después de cambiarlo.',
    },
    openai: {
      where: 'Python, API de respuestas: pip install openai',
      note: `Con "never" trabaja sin preguntar, también al escribir; quita la línea para aprobar cada llamada. Los servidores de OpenAI tienen que poder llegar a la dirección. En ChatGPT mismo, agrega ${mcpUrl}/connect en Plugins e inicia sesión cuando lo pida.`,
    },
    'gemini-cli': {
      where: 'Terminal',
      note: 'Abre Gemini CLI en una carpeta de confianza y escribe /mcp para ver las herramientas.',
    },
    gemini: {
      where: 'Python: pip install langchain langchain-mcp-adapters langchain-google-genai',
      note: 'Define antes GOOGLE_API_KEY.',
    },
    curl: { where: 'Terminal', note: 'Enumera las herramientas que esta credencial puede usar.' },
  }),
} satisfies Record<string, (mcpUrl: string) => Record<string, Words>>

function json(value: object): string {
  return JSON.stringify(value, null, 2)
}
