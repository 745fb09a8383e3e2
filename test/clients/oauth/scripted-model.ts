import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import type { ToolCall } from './stays-connected.ts'

/** A stand-in for the model of an agent: it calls the tools that the test says, and reads what comes. */
export interface ScriptedModel {
  url: string
  /**
   * Has the agent, which `prompt` starts, call tools at once.
   * @param meanwhile happens after the agent has offered its tools, and before it calls them
   * @returns the names of all tools that the agent offered, without its prefix, and the text of each result
   */
  turn(
    calls: ToolCall[],
    prompt: () => Promise<unknown>,
    meanwhile?: () => Promise<unknown>,
  ): Promise<{ tools: string[]; results: string[] }>
  close(): Promise<void>
}

/** How a maker's API says what the script needs. */
export interface ModelApi<Request = never> {
  /** Names of the tools in a request. */
  tools(request: Request): string[]
  /** The results in a request by the id of their call, if there are any. */
  results(request: Request): Map<string, string>
  /** Streams an answer that calls tools, or that says "Done." */
  answer(response: ServerResponse, calls: { id: string; name: string; args: object }[]): void
}

/** @param prefix what the agent puts before the names of the service's tools */
export async function startScriptedModel<Request>(api: ModelApi<Request>, prefix: string): Promise<ScriptedModel> {
  let script: ToolCall[] = []
  let tools: string[] = []
  let results = new Map<string, string>()
  let happening: () => Promise<unknown> = async () => {}

  const server = createServer(async (request, response) => {
    const body = JSON.parse((await textOf(request)) || '{}') as Request
    const offered = api.tools(body).filter((name) => name.startsWith(prefix))
    const came = api.results(body)
    if (offered.length > 0) tools = offered.map((name) => name.slice(prefix.length))
    if (came.size > 0) results = came
    // Agents also ask for titles and the like, without tools.
    const isFirst = offered.length > 0 && came.size === 0
    const calls = script.map(([name, args = {}], index) => ({ id: `call_${index}`, name: prefix + name, args }))
    if (isFirst) await happening()
    api.answer(response, isFirst ? calls : [])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async turn(calls, prompt, meanwhile = async () => {}) {
      ;[script, tools, results, happening] = [calls, [], new Map(), meanwhile]
      const printed = await prompt()
      if (results.size !== calls.length) throw new Error(`${results.size} of ${calls.length} results came\n${printed}`)
      return { tools, results: calls.map((_, index) => results.get(`call_${index}`) as string) }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Block {
  type: string
  text?: string
  tool_use_id?: string
  content?: string | Block[]
}

interface MessagesRequest {
  tools?: { name: string }[]
  messages?: { role: string; content: string | Block[] }[]
}

/** The Messages API of Anthropic. */
export const messagesApi: ModelApi<MessagesRequest> = {
  tools: ({ tools = [] }) => tools.map(({ name }) => name),
  results: ({ messages = [] }) =>
    new Map(
      messages
        .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
        .filter(({ type }) => type === 'tool_result')
        .map(({ tool_use_id: id = '', content = '' }) => [
          id,
          typeof content === 'string' ? content : content.map(({ text }) => text).join('\n'),
        ]),
    ),
  answer(response, calls) {
    const send = eventsOf(response, (event) => `event: ${event.type}\n`)
    const usage = { input_tokens: 1, output_tokens: 1 }
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'scripted', content: [] }
    send({ type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null, usage } })
    const blocks =
      calls.length === 0
        ? [{ block: { type: 'text', text: '' }, delta: { type: 'text_delta', text: 'Done.' } }]
        : calls.map(({ id, name, args }) => ({
            block: { type: 'tool_use', id, name, input: {} },
            delta: { type: 'input_json_delta', partial_json: JSON.stringify(args) },
          }))
    for (const [index, { block, delta }] of blocks.entries()) {
      send({ type: 'content_block_start', index, content_block: block })
      send({ type: 'content_block_delta', index, delta })
      send({ type: 'content_block_stop', index })
    }
    const reason = calls.length === 0 ? 'end_turn' : 'tool_use'
    send({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage })
    send({ type: 'message_stop' })
    response.end()
  },
}

interface CompletionRequest {
  tools?: { function: { name: string } }[]
  messages?: { role: string; tool_call_id?: string; content?: string | { text: string }[] }[]
}

/** The chat completions of OpenAI, which other makers' APIs are compatible with. */
export const completionsApi: ModelApi<CompletionRequest> = {
  tools: ({ tools = [] }) => tools.map((tool) => tool.function.name),
  results: ({ messages = [] }) =>
    new Map(
      messages
        .filter(({ role }) => role === 'tool')
        .map(({ tool_call_id: id = '', content = '' }) => [
          id,
          typeof content === 'string' ? content : content.map(({ text }) => text).join('\n'),
        ]),
    ),
  answer(response, calls) {
    const send = eventsOf(response)
    const tool_calls = calls.map(({ id, name, args }, index) => ({
      index,
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    }))
    const delta = calls.length === 0 ? { role: 'assistant', content: 'Done.' } : { role: 'assistant', tool_calls }
    const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'scripted' }
    send({ ...chunk, choices: [{ index: 0, delta, finish_reason: null }] })
    const finish_reason = calls.length === 0 ? 'stop' : 'tool_calls'
    send({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason }] })
    response.end('data: [DONE]\n\n')
  },
}

function eventsOf(response: ServerResponse, head: (event: { type?: string }) => string = () => '') {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  return (event: { type?: string; [field: string]: unknown }) =>
    response.write(`${head(event)}data: ${JSON.stringify(event)}\n\n`)
}
