import { type Snippet, snippets } from '../src/snippets.ts'

const SNIPPETS = snippets({ mcpUrl: 'https://api.flowpos.app/mcp', token: '<token>' })

/** `docs/clients.md`: how to connect every client. */
export function clientsPage(): string {
  const sections = SNIPPETS.map((snippet) => `## ${snippet.client}\n\n${describe(snippet)}`)
  return `# Connect a client

The AI Assistant page, \`/settings/mcp\`, is where merchants connect: it shows the address, and for each assistant the
link, steps or command that add it; then what is connected, and what it did. It is in English and Spanish.

![The page, with the assistants to choose from](images/connect-en.png)

The same [on a phone, dark and in Spanish](images/connect-es-dark-phone.png); the [consent](images/consent-es.png); what
is [connected](images/assistants-en.png); the [activity](images/activity-en.png).

\`<token>\` below is an MCP token or an API key. The page creates both (Token, API keys), and shows these snippets with
address and token filled in. \`https://api.flowpos.app/mcp\` is the address of the service; the demo prints its own, and
an API key.

## By address, with your usual sign-in

A client that signs in by itself (OAuth 2.1) needs \`https://api.flowpos.app/mcp/connect\` and no token. In
claude.ai and Claude Desktop (Customize → Connectors), add it as a connector; in ChatGPT, under Plugins, as a custom MCP
server; elsewhere:

\`\`\`bash
claude mcp add --transport http flowpos https://api.flowpos.app/mcp/connect && claude mcp login flowpos
codex mcp add flowpos --url https://api.flowpos.app/mcp/connect
opencode mcp add flowpos --url https://api.flowpos.app/mcp/connect && opencode mcp auth flowpos
npx mcp-remote https://api.flowpos.app/mcp/connect
\`\`\`

(Checked with Claude Code 2.1.332, Codex 0.171.0, opencode 1.18.33 and mcp-remote 0.15.1.) You decide in the browser what
the assistant may do: reading alone, or changes and refunds too; with or without reports and clients' data; in which of
your businesses. To let it do more later, sign in again in the same way. A connection lasts for 90 days after its last
use; you can end it on the AI Assistant page.

[integrations/flowpos](../integrations/flowpos/README.md) is a plugin for Claude Code, Cursor and Gemini CLI: this address,
and four skills (close of day, the accountant's month, reorder, price change).

## Several businesses

If you have several businesses, you can pin a client to one of them: add \`?businessId=…\` to the address, or send the
header \`x-flowpos-business-id\`. Then it sees that business alone.

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
