/**
 * The Express server from the SDK's documentation: an McpServer and a transport per session, in memory. In its favour,
 * schemas are created once for all sessions, nothing is printed, and tools return recorded results after the recorded
 * statements.
 */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { type CallToolResult, isInitializeRequest, type ListToolsResult } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { createReplay, type Recordings, resultOf } from './recording.ts'
import { createVerifier } from './tokens.ts'

const { PORT, DATABASE_URL = '', MCP_TOKEN_SECRET = '', RECORDINGS = '' } = process.env
const recordings = JSON.parse(await readFile(RECORDINGS, 'utf8')) as Recordings
const replay = createReplay(DATABASE_URL)
const verify = await createVerifier(MCP_TOKEN_SECRET)

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0]

const tools = toolsOf(recordings).map(({ name, title, description, annotations, inputSchema, outputSchema }) => {
  const recording = recordings[name]
  return {
    name,
    definition: {
      title,
      description,
      annotations,
      inputSchema: z.fromJSONSchema(inputSchema as JsonSchema),
      outputSchema: z.fromJSONSchema(outputSchema as JsonSchema),
    },
    result: recording === undefined ? { content: [] } : (resultOf(recording) as CallToolResult),
    statements: recording?.statements ?? [],
  }
})

function toolsOf({ 'tools/list': recording }: Recordings): ListToolsResult['tools'] {
  if (recording === undefined) throw new Error('there is no recording of tools/list')
  return (resultOf(recording) as ListToolsResult).tools
}

function createServer(): McpServer {
  const server = new McpServer({ name: 'flowpos', version: '0.1.0' })
  for (const { name, definition, result, statements } of tools) {
    server.registerTool(name, definition as never, async () => {
      if (statements.length > 0) await replay(statements)
      return result
    })
  }
  return server
}

const transports = new Map<string, StreamableHTTPServerTransport>()
const app = createMcpExpressApp()
const authenticate = requireBearerAuth({
  verifier: {
    async verifyAccessToken(token) {
      const { sub, scopes, exp } = verify(token)
      return { token, clientId: sub, scopes, expiresAt: exp }
    },
  },
})

app.get('/health/ready', (_request, response) => {
  response.json({ status: 'ok' })
})

app.post('/mcp', authenticate, async (request, response) => {
  const sessionId = request.headers['mcp-session-id']
  let transport = typeof sessionId === 'string' ? transports.get(sessionId) : undefined
  if (transport === undefined) {
    if (sessionId !== undefined || !isInitializeRequest(request.body)) {
      response.status(404).json({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null })
      return
    }
    const created = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        transports.set(id, created)
      },
    })
    created.onclose = () => {
      if (created.sessionId !== undefined) transports.delete(created.sessionId)
    }
    await createServer().connect(created as Transport)
    transport = created
  }
  await transport.handleRequest(request, response, request.body)
})

app.get('/mcp', authenticate, async (request, response) => {
  const transport = transports.get(String(request.headers['mcp-session-id']))
  if (transport === undefined) {
    response.status(404).send('Session not found')
    return
  }
  await transport.handleRequest(request, response)
})

app.listen(Number(PORT), '127.0.0.1')
