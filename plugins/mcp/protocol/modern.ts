import {
  createMcpHandler,
  isJSONRPCRequest,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
} from '@modelcontextprotocol/server'
import { QuestionAsked } from '../../../src/mcp/confirmation.ts'
import { CAPABILITIES, INSTRUCTIONS } from '../../../src/mcp/server-info.ts'
import type { Exchange } from './exchange.ts'
import { problemOfParams } from './params.ts'
import { askInResult, questionResult } from './question-result.ts'
import { type CallToolResult, promptResult, refusalOf, resourceResult } from './results.ts'

// Lists depend on who asks, so no shared cache may keep them.
const CACHED = { ttlMs: 60_000, cacheScope: 'private' } as const

// Methods that this revision does not have any more.
const GONE = new Set(['initialize', 'ping'])

/** Answers one POST of the protocol revision 2026-07-28, which has no sessions: the credential's choices count. */
export async function serveModern(exchange: Exchange, request: Request, parsedBody: unknown): Promise<Response> {
  if (isJSONRPCRequest(parsedBody) && !GONE.has(parsedBody.method)) {
    const problem = problemOfParams(parsedBody)
    const error = { code: ProtocolErrorCode.InvalidParams, message: `Invalid params: ${problem}` }
    if (problem !== undefined) return Response.json({ jsonrpc: '2.0', id: parsedBody.id, error })
  }
  return createMcpHandler(() => createServer(exchange), { legacy: 'reject' }).fetch(request, { parsedBody })
}

/**
 * Answers `subscriptions/listen` with a stream that reports changes for as long as the client listens.
 * @param watch begins to watch what the principal may see; returns a function that stops it
 */
export async function serveListen(
  exchange: Exchange,
  request: Request,
  parsedBody: unknown,
  watch: (onChange: () => void, end: () => void) => () => void,
): Promise<Response> {
  // Each stream has its own handler and bus, so that nobody hears of another principal's changes.
  const handler = createMcpHandler(() => createServer(exchange), { legacy: 'reject' })
  const { notify } = handler
  const onChange = () => {
    notify.toolsChanged()
    notify.promptsChanged()
    notify.resourcesChanged()
  }
  const stop = watch(onChange, () => void handler.close())
  request.signal.addEventListener('abort', stop, { once: true })
  return handler.fetch(request, { parsedBody })
}

function createServer(exchange: Exchange): Server {
  const server = new Server(exchange.serverInfo, {
    capabilities: CAPABILITIES,
    instructions: INSTRUCTIONS,
    requestState: { verify: exchange.questions.verify },
  })
  server.setRequestHandler('tools/list', async () => ({
    tools: (await exchange.listTools()).tools as never,
    ...CACHED,
  }))
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    let result: CallToolResult | null
    try {
      result = await exchange.call(params.name, params.arguments ?? {}, askInResult(context))
    } catch (error) {
      if (error instanceof QuestionAsked) return questionResult(exchange, error.question)
      throw error
    }
    if (result === null) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `Unknown tool: ${params.name.slice(0, 64)}. List the tools again.`,
      )
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
