import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CallToolRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type JSONRPCRequest,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/sdk/types.js'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { mayAsk } from '../../../src/mcp/confirmation.ts'
import { CAPABILITIES, INSTRUCTIONS } from '../../../src/mcp/server-info.ts'
import type { Message } from './conversations.ts'
import { type Exchange, toWebRequest } from './exchange.ts'
import { problemOfParams } from './params.ts'
import { promptResult, refusalOf, resourceResult } from './results.ts'

// Shared, because a new Ajv costs a hundred times as much as the rest of a server.
const jsonSchemaValidator = new AjvJsonSchemaValidator()

/**
 * Answers one POST of the protocol revisions 2024-10-07 to 2025-11-25. Server and transport live only as long as the
 * request; the state of a conversation is in the session store.
 */
export async function serveLegacy(
  exchange: Exchange,
  request: FastifyRequest,
  reply: FastifyReply,
  messages: Message[],
): Promise<FastifyReply> {
  const problem = problemOf(request, messages)
  if (problem !== undefined) return reply.code(400).send({ jsonrpc: '2.0', id: null, error: problem })
  // Their shape was checked when the protocol era was determined.
  const requests = messages.filter(isRequest) as JSONRPCRequest[]
  await exchange.questionStream?.passOn(messages)
  // Notifications concern only servers that outlive a request.
  if (requests.length === 0) return reply.code(202).send()

  const wantsProgress = messages.some(({ params }) => params?._meta?.progressToken !== undefined)
  const mayBeAsked =
    exchange.questionStream !== undefined && requests.some(({ params }) => mayAsk(String(params?.name)))
  if (
    (wantsProgress || mayBeAsked) &&
    /text\/event-stream/i.test(request.headers.accept ?? '') &&
    requests.every(isSound)
  ) {
    return reply.send(await serveStream(exchange, toWebRequest(request, reply), request.body))
  }
  const [only] = requests
  if (only !== undefined && !Array.isArray(request.body)) {
    const direct = await answerDirectly(exchange, only)
    if (direct !== undefined) return reply.type('application/json; charset=utf-8').send(direct)
  }
  const answers = await answer(createServer(exchange), requests)
  return reply.send(Array.isArray(request.body) ? answers : answers[0])
}

/**
 * Answers the two most frequent requests directly; the SDK's server would take several times as long.
 * @returns undefined for other requests, and for wrong parameters
 */
async function answerDirectly(exchange: Exchange, request: JSONRPCRequest): Promise<Buffer | string | undefined> {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(request.id)},`
  if (problemOfParams(request) !== undefined) return undefined
  if (request.method === 'tools/list') {
    // The result is the same for everybody who sees the same tools; only the id differs.
    const { json } = await exchange.listTools()
    return Buffer.concat([Buffer.from(`${head}"result":`), json, Buffer.from('}')])
  }
  if (request.method !== 'tools/call') return undefined
  const { name, arguments: args = {} } = request.params as { name: string; arguments?: Record<string, unknown> }
  const result = await exchange.call(name, args)
  if (result !== null) return `${head}"result":${JSON.stringify(result)}}`
  return JSON.stringify(refusal(request, unknownTool(name)))
}

/** Passes requests to the SDK's server and collects its answers. */
async function answer(server: Server, requests: JSONRPCRequest[]): Promise<JSONRPCMessage[]> {
  const answers: JSONRPCMessage[] = []
  const answered = new Promise<JSONRPCMessage[]>((resolve) => {
    const transport: Transport = {
      start: async () => {},
      close: async () => transport.onclose?.(),
      send: async (message) => {
        if (answers.push(message) === requests.length) resolve(answers)
      },
    }
    void server.connect(transport).then(() => {
      for (const request of requests) {
        const problem = problemOfParams(request)
        // The SDK would never answer a request with members that JSON-RPC does not define.
        if (!isJSONRPCRequest(request)) void transport.send(invalidRequest(request))
        else if (problem === undefined) transport.onmessage?.(request)
        else void transport.send(refusal(request, `Invalid params: ${problem}`))
      }
    })
  })
  return answered
}

// Only a client that asks for progress, or that may be asked, gets a stream; most scripts and bridges send */* but read plain JSON.
async function serveStream(exchange: Exchange, request: Request, parsedBody: unknown): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('accept', 'application/json, text/event-stream')
  const transport = new WebStandardStreamableHTTPServerTransport()
  await createServer(exchange, transport as Transport).connect(transport as Transport)
  return transport.handleRequest(new Request(request, { headers }), { parsedBody })
}

/** @param stream can carry requests to the client, too */
function createServer(exchange: Exchange, stream?: Transport): Server {
  const server = new Server(exchange.serverInfo, {
    capabilities: CAPABILITIES,
    instructions: INSTRUCTIONS,
    jsonSchemaValidator,
  })
  server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: (await exchange.listTools()).tools as never }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { requestId, signal }) => {
    const ask =
      stream && exchange.questionStream?.askWith((each) => stream.send(each, { relatedRequestId: requestId }), signal)
    const result = await exchange.call(params.name, params.arguments ?? {}, ask)
    if (result === null) throw new McpError(ErrorCode.InvalidParams, unknownTool(params.name))
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
  return server
}

function unknownTool(name: string): string {
  return `Unknown tool: ${name.slice(0, 64)}. List the tools again.`
}

function invalidRequest({ id }: { id: JSONRPCRequest['id'] }): JSONRPCMessage {
  return { jsonrpc: '2.0', id, error: { code: ErrorCode.InvalidRequest, message: 'Invalid Request' } }
}

function refusal({ id }: JSONRPCRequest, message: string): JSONRPCMessage {
  // Worded as the SDK words the other errors.
  const { code, message: described } = new McpError(ErrorCode.InvalidParams, message)
  return { jsonrpc: '2.0', id, error: { code, message: described } }
}

/** What is wrong with the messages of a request, as a JSON-RPC error. */
function problemOf({ headers }: FastifyRequest, messages: Message[]): { code: number; message: string } | undefined {
  const isInitialize = messages.some(({ method }) => method === 'initialize')
  if (isInitialize && messages.length > 1) {
    return { code: ErrorCode.InvalidRequest, message: 'Invalid Request: initialize comes alone' }
  }
  const version = headers['mcp-protocol-version']
  if (isInitialize || version === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(String(version))) return undefined
  const known = SUPPORTED_PROTOCOL_VERSIONS.join(', ')
  return { code: -32000, message: `Bad Request: Unsupported protocol version (supported versions: ${known})` }
}

/** Whether the SDK's server will answer a request in the terms of the protocol. */
function isSound(request: JSONRPCRequest): boolean {
  return isJSONRPCRequest(request) && problemOfParams(request) === undefined
}

function isRequest({ method, id }: Message): boolean {
  return method !== undefined && id !== undefined
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
