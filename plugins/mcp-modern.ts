import { createMcpHandler, ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server'
import { INSTRUCTIONS, SERVER_INFO } from '../src/mcp/server-info.ts'
import type { Exchange } from './mcp.ts'

const LIST_TTL_MS = 60_000

/** Answers one POST of the protocol revision 2026-07-28, which has no sessions: the principal's choices count. */
export async function serveModern(exchange: Exchange, request: Request, parsedBody: unknown): Promise<Response> {
  const handler = createMcpHandler(
    () => {
      const server = new Server(SERVER_INFO, { capabilities: { tools: {} }, instructions: INSTRUCTIONS })
      server.setRequestHandler('tools/list', () => ({
        tools: exchange.listTools() as never,
        // Lists depend on who asks: no shared cache may keep them.
        ttlMs: LIST_TTL_MS,
        cacheScope: 'private',
      }))
      server.setRequestHandler('tools/call', async ({ params }) => {
        const result = await exchange.callTool(params.name, params.arguments ?? {})
        if (result === null) {
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name.slice(0, 64)}`)
        }
        return { ...result }
      })
      return server
    },
    { legacy: 'reject' },
  )
  return handler.fetch(request, { parsedBody })
}
