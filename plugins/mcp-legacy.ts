import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import {
  CallToolRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import { CAPABILITIES, INSTRUCTIONS, SERVER_INFO } from '../src/mcp/server-info.ts'
import type { Exchange } from './mcp.ts'
import { promptResult, refusalOf, resourceResult } from './mcp-results.ts'

// A fresh Ajv for each server would cost a hundred times the rest of it.
const jsonSchemaValidator = new AjvJsonSchemaValidator()

/**
 * Answers one POST of the protocol revisions 2024-10-07 to 2025-11-25. Server and transport live as long as the
 * request: what a conversation remembers is in the session store.
 */
export async function serveLegacy(exchange: Exchange, request: Request, parsedBody: unknown): Promise<Response> {
  const server = new Server(SERVER_INFO, {
    capabilities: CAPABILITIES,
    instructions: INSTRUCTIONS,
    jsonSchemaValidator,
  })
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: exchange.listTools() as never }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const result = await exchange.callTool(params.name, params.arguments ?? {})
    if (result === null) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${params.name.slice(0, 64)}`)
    return { ...result }
  })
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: exchange.listPrompts() }))
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) =>
    answered(() => promptResult(exchange.getPrompt(params.name, params.arguments ?? {}))),
  )
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: exchange.listResources() }))
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [] }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) =>
    answered(async () => resourceResult(uri, await exchange.readResource(uri)), uri),
  )

  // The transport wants both media types named; most scripts and bridges send */* and read plain JSON.
  const headers = new Headers(request.headers)
  const streams = exchange.wantsProgress && /text\/event-stream/i.test(headers.get('accept') ?? '')
  headers.set('accept', 'application/json, text/event-stream')
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: !streams } as never)
  await server.connect(transport as never)
  return transport.handleRequest(new Request(request.url, { method: 'POST', headers }), { parsedBody })
}

// MCP 2025-11-25, resources: an unknown one is -32002.
const RESOURCE_NOT_FOUND = -32002

async function answered<T>(work: () => T | Promise<T>, uri?: string): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, message } = refusalOf(error)
    if (uri !== undefined && code === 'not_found') throw new McpError(RESOURCE_NOT_FOUND, message, { uri })
    throw new McpError(code === 'internal_error' ? ErrorCode.InternalError : ErrorCode.InvalidParams, message)
  }
}
