import { type Snippet, snippets } from '../src/snippets.ts'

const SNIPPETS = snippets({ mcpUrl: 'https://api.flowpos.app/mcp', token: '<token>' })

/** `docs/clients.md`: how to connect every client. */
export function clientsPage(): string {
  const sections = SNIPPETS.map((snippet) => `## ${snippet.client}\n\n${describe(snippet)}`)
  return `# Connect a client

\`<token>\` is an MCP token or an API key. The AI Assistant page, \`/settings/mcp\`, creates both, and shows these snippets
with address and token filled in. \`https://api.flowpos.app/mcp\` is the address of the service; the demo prints its own,
and an API key. A client that signs in by itself (OAuth 2.1) uses \`https://api.flowpos.app/mcp/connect\`, without a token.

If you have several businesses, you can pin a client to one of them: add \`?businessId=…\` to the address, or send the
header \`x-flowpos-business-id\`.

${sections.join('\n\n')}
`
}

/** One client in full, for the README. */
export function connectClient(id: string): string {
  const snippet = SNIPPETS.find((each) => each.id === id)
  if (snippet === undefined) throw new Error(`src/snippets.ts has no client "${id}"`)
  return describe(snippet, `**${snippet.client}** (${snippet.where})`)
}

function describe({ where, language, code, note, checked }: Snippet, heading = where): string {
  return [`${heading}:`, `\`\`\`${language}\n${code}\n\`\`\``, `${note} (Checked ${checked}.)`].join('\n\n')
}
