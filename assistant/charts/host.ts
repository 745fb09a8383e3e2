/** What the host says of itself and its person. MCP Apps 2026-01-26, `McpUiHostContext`. */
export interface HostContext {
  theme?: unknown
  locale?: unknown
  styles?: { variables?: Record<string, unknown> }
}

export interface HostListener {
  context(changes: HostContext): void
  /** The arguments of the call that this view was opened for. */
  input(args: Record<string, unknown>): void
  result(result: ToolAnswer): void
}

export interface ToolAnswer {
  content?: unknown
  structuredContent?: unknown
  isError?: unknown
}

export interface Host {
  callTool(name: string, args: Record<string, unknown>): Promise<ToolAnswer>
  resized(height: number): void
}

interface Message {
  jsonrpc?: unknown
  id?: unknown
  method?: unknown
  params?: Record<string, unknown>
  result?: unknown
  error?: unknown
}

const PROTOCOL = '2026-01-26'
const METHOD_NOT_FOUND = -32601

/**
 * Speaks with the host page over `postMessage`. Only the window that embeds this one is heard, and once it has answered
 * only its origin: other frames can send messages here, too.
 */
export async function connect(listener: HostListener): Promise<Host> {
  const host = window.parent
  let hostOrigin: string | undefined
  let lastId = 0
  const waiting = new Map<unknown, { resolve(value: unknown): void; reject(error: Error): void }>()

  function send(message: Message): void {
    // A sandboxed host has the origin "null", which cannot be addressed.
    const target = hostOrigin === undefined || hostOrigin === 'null' ? '*' : hostOrigin
    host.postMessage({ jsonrpc: '2.0', ...message }, target)
  }

  function request(method: string, params: Record<string, unknown>): Promise<unknown> {
    lastId += 1
    const id = lastId
    send({ id, method, params })
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  }

  function answer(id: unknown, method: unknown): void {
    if (method === 'ping' || method === 'ui/resource-teardown') send({ id, result: {} })
    else send({ id, error: { code: METHOD_NOT_FOUND, message: 'Method not found' } })
  }

  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (event.source !== host || (hostOrigin !== undefined && event.origin !== hostOrigin)) return
    const message = event.data as Message | null
    if (typeof message !== 'object' || message?.jsonrpc !== '2.0') return
    const { id, method, params = {}, result, error } = message
    if (method === undefined) {
      const request = waiting.get(id)
      if (request === undefined) return
      waiting.delete(id)
      hostOrigin = event.origin
      if (error === undefined) request.resolve(result)
      else request.reject(new Error('the host refused'))
      return
    }
    if (id !== undefined) return answer(id, method)
    if (method === 'ui/notifications/host-context-changed') listener.context(params)
    if (method === 'ui/notifications/tool-input') listener.input(objectOrNone(params.arguments))
    if (method === 'ui/notifications/tool-result') listener.result(params)
  })

  const initialized = (await request('ui/initialize', {
    protocolVersion: PROTOCOL,
    appInfo: { name: 'flowpos-charts', version: '1.0.0' },
    appCapabilities: { availableDisplayModes: ['inline'] },
  })) as { hostContext?: HostContext } | null
  listener.context(initialized?.hostContext ?? {})
  send({ method: 'ui/notifications/initialized', params: {} })
  return {
    callTool: async (name, args) => (await request('tools/call', { name, arguments: args })) as ToolAnswer,
    resized: (height) => send({ method: 'ui/notifications/size-changed', params: { height } }),
  }
}

function objectOrNone(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
