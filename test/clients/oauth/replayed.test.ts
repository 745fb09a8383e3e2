import { createHash, randomBytes } from 'node:crypto'
import type { ClientDocuments, DocumentedClient } from '../../support/client-documents.ts'
import { type ClientProgram, staysConnected, type ToolCall } from './stays-connected.ts'

type Parameters = Record<string, string>

/** What a client that cannot run here sends, where it differs from others. */
interface Replay {
  /** The document that it names, or what it registers with. */
  client: DocumentedClient | object
  redirectUri: string
  /** Refuses a resource that is not the address. */
  comparesResource?: boolean
  /** Asks for the page itself before the browser does. */
  looksFirst?: boolean
  authorize?: Parameters
  /** How it says who it is in token requests; by default with its id alone. */
  authenticates?: 'basic' | 'assertion'
  refresh?: Parameters
  /** Headers of its MCP requests. */
  headers?: Record<string, string>
}

const AUTHORIZATION_CODE = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }

// Altinity/altinity-mcp#118, stacklok/toolhive#6278: signs as soon as the service says that it may.
replayed('ChatGPT', {
  client: 'chatgpt',
  redirectUri: 'https://chatgpt.com/connector/oauth/IbUR3zxyNQ16',
  authenticates: 'assertion',
  headers: { 'user-agent': 'openai-mcp/1.0.0' },
})

// anthropics/claude-ai-mcp#518, #975; PrefectHQ/fastmcp#4264: renews from several addresses, echoes no session id.
replayed('claude.ai and Claude Desktop', {
  client: 'claude',
  redirectUri: 'https://claude.ai/api/mcp/auth_callback',
  headers: { 'user-agent': 'Claude-User' },
})

// microsoft/vscode src/vs/base/common/oauth.ts, #282472: the resource must be the very address that it was given.
replayed('VS Code', { client: 'vscode', redirectUri: 'http://127.0.0.1:33418/', comparesResource: true })

// modelcontextprotocol/python-sdk src/mcp/client/auth/: names no method, so it gets a secret; sends its id beside it.
replayed('the Python SDK', {
  client: { ...AUTHORIZATION_CODE, redirect_uris: ['http://localhost:3030/callback'], client_name: 'Python client' },
  redirectUri: 'http://localhost:3030/callback',
  authenticates: 'basic',
})

// PrefectHQ/fastmcp src/fastmcp/client/auth/oauth.py: sees whether it is still known before it opens a browser.
replayed('FastMCP', {
  client: {
    ...AUTHORIZATION_CODE,
    client_name: 'FastMCP Client',
    redirect_uris: ['http://localhost:54321/callback'],
    scope: 'pos:read pos:write reports:read psa:read pos:intents',
  },
  redirectUri: 'http://localhost:54321/callback',
  looksFirst: true,
  authenticates: 'basic',
})

// open-webui/open-webui backend/open_webui/utils/oauth.py, with Authlib: asks for its scopes again in each refresh.
replayed('Open WebUI', {
  client: {
    ...AUTHORIZATION_CODE,
    client_name: 'Open WebUI',
    redirect_uris: ['https://webui.example/oauth/clients/mcp:flowpos/callback'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'pos:read pos:write reports:read psa:read pos:intents',
  },
  redirectUri: 'https://webui.example/oauth/clients/mcp:flowpos/callback',
  authenticates: 'basic',
  refresh: { scope: 'pos:read pos:write reports:read psa:read pos:intents' },
})

// google-gemini/gemini-cli packages/core/src/mcp/oauth-provider.ts
replayed('Gemini CLI', {
  client: {
    ...AUTHORIZATION_CODE,
    client_name: 'Gemini CLI MCP Client',
    redirect_uris: ['http://localhost:7777/oauth/callback'],
    token_endpoint_auth_method: 'none',
    scope: '',
  },
  redirectUri: 'http://localhost:7777/oauth/callback',
})

function replayed(name: string, replay: Replay): void {
  const document = typeof replay.client === 'string' ? { document: replay.client } : {}
  staysConnected(`${name}, replayed`, program(replay), { isPinned: true, ...document })
}

interface Tokens {
  access_token: string
  refresh_token: string
}

function program(replay: Replay): ClientProgram {
  const { client: sent, redirectUri, headers = {} } = replay
  return {
    async connect(address, computer, documents) {
      const refused = await fetch(address, { method: 'POST', headers })
      const [, metadataUrl = ''] =
        /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? []
      const { resource, authorization_servers, scopes_supported } = await json(await fetch(metadataUrl))
      if (replay.comparesResource && resource !== address) throw new Error(`the resource is ${resource}`)
      const { origin, pathname } = new URL((authorization_servers as string[])[0] as string)
      const server = await json(await fetch(`${origin}/.well-known/oauth-authorization-server${pathname}`))
      const endpoint = (name: string) => server[`${name}_endpoint`] as string

      const client =
        typeof sent === 'string'
          ? { client_id: documents.documents[sent].client_id }
          : ((await json(
              await fetch(endpoint('registration'), {
                method: 'POST',
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify(sent),
              }),
            )) as { client_id: string; client_secret?: string })

      const verifier = randomBytes(32).toString('base64url')
      const page = new URL(endpoint('authorization'))
      page.search = String(
        new URLSearchParams({
          response_type: 'code',
          client_id: client.client_id,
          redirect_uri: redirectUri,
          state: randomBytes(16).toString('base64url'),
          code_challenge: createHash('sha256').update(verifier).digest('base64url'),
          code_challenge_method: 'S256',
          scope: (scopes_supported as string[]).join(' '),
          resource: resource as string,
          ...replay.authorize,
        }),
      )
      if (replay.looksFirst) {
        const { status } = await fetch(page, { redirect: 'manual' })
        if (![200, 302, 303, 307, 308].includes(status)) throw new Error(`the page answered ${status}`)
      }
      const callback = await computer.signIn(page)
      if (!callback.href.startsWith(redirectUri)) throw new Error(`the browser was sent to ${callback}`)

      const token = async (parameters: Parameters) => {
        const proof = proofOf(replay, client, server.issuer as string, documents)
        const body = new URLSearchParams({
          client_id: client.client_id,
          resource: resource as string,
          ...parameters,
          ...proof.parameters,
        })
        return (await json(
          await fetch(endpoint('token'), { method: 'POST', headers: proof.headers, body }),
        )) as unknown as Tokens
      }
      let tokens = await token({
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') as string,
        redirect_uri: redirectUri,
        code_verifier: verifier,
      })

      /** Each call renews for itself, the worst that a client does. */
      const request = async (method: string, params: object): Promise<Record<string, unknown>> => {
        const { access_token, refresh_token } = tokens
        const response = await fetch(address, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${access_token}`,
            accept: 'application/json, text/event-stream',
            'content-type': 'application/json',
            'mcp-protocol-version': '2025-06-18',
            ...headers,
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
        })
        if (response.status === 401) {
          tokens = await token({ grant_type: 'refresh_token', refresh_token, ...replay.refresh })
          return request(method, params)
        }
        return (await json(response)).result as Record<string, unknown>
      }
      return {
        async tools() {
          const { tools } = await request('tools/list', {})
          return (tools as { name: string }[]).map(({ name }) => name)
        },
        call: (...calls: ToolCall[]) =>
          Promise.all(
            calls.map(async ([name, args = {}]) => {
              const { content } = await request('tools/call', { name, arguments: args })
              return (content as [{ text: string }])[0].text
            }),
          ),
        close: async () => {},
      }
    },
  }
}

/** What a token request says about who sends it. */
function proofOf(
  { authenticates }: Replay,
  { client_id, client_secret = '' }: { client_id: string; client_secret?: string },
  issuer: string,
  documents: ClientDocuments,
): { headers: Record<string, string>; parameters: Parameters } {
  if (authenticates === 'basic') {
    const credentials = [client_id, client_secret].map(encodeURIComponent).join(':')
    return { headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }, parameters: {} }
  }
  if (authenticates === undefined) return { headers: {}, parameters: {} }
  const parameters = {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: documents.assertion({ aud: issuer }),
  }
  return { headers: {}, parameters }
}

async function json(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}
