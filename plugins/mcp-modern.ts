import {
  createMcpHandler,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
} from '@modelcontextprotocol/server'
import { CAPABILITIES, INSTRUCTIONS, SERVER_INFO } from '../src/mcp/server-info.ts'
import type { Exchange } from './mcp.ts'
import { promptResult, refusalOf, resourceResult } from './mcp-results.ts'

// Lists depend on who asks: no shared cache may keep them.
const CACHED = { ttlMs: 60_000, cacheScope: 'private' } as const

/** Answers one POST of the protocol revision 2026-07-28, which has no sessions: the principal's choices count. */
export async function serveModern(exchange: Exchange, request: Request, parsedBody: unknown): Promise<Response> {
  const handler = createMcpHandler(
    () => {
      const server = new Server(SERVER_INFO, { capabilities: CAPABILITIES, instructions: INSTRUCTIONS })
      server.setRequestHandler('tools/list', () => ({
        tools: exchange.listTools() as never,
        ...CACHED,
      }))
      server.setRequestHandler('tools/call', async ({ params }) => {
        const result = await exchange.callTool(params.name, params.arguments ?? {})
        if (result === null) {
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name.slice(0, 64)}`)
        }
        return { ...result }
      })
      server.setRequestHandler('prompts/list', () => ({ prompts: exchange.listPrompts(), ...CACHED }))
      server.setRequestHandler('prompts/get', ({ params }) =>
        answered(() => promptResult(exchange.getPrompt(params.name, params.arguments ?? {}))),
      )
      server.setRequestHandler('resources/list', () => ({ resources: exchange.listResources(), ...CACHED }))
      server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [], ...CACHED }))
      server.setRequestHandler('resources/read', ({ params: { uri } }) =>
        answered(async () => ({ ...resourceResult(uri, await exchange.readResource(uri)), ...CACHED }), uri),
      )
      return server
    },
    { legacy: 'reject' },
  )
  return handler.fetch(request, { parsedBody })
}

async function answered<T>(work: () => T | Promise<T>, uri?: string): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, message } = refusalOf(error)
    if (uri !== undefined && code === 'not_found') throw new ResourceNotFoundError(uri, message)
    const problem = code === 'internal_error' ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams
    throw new ProtocolError(problem, message)
  }
}
