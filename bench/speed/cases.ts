/** A request that every server gets. */
export interface Case {
  name: string
  method: string
  params: Record<string, unknown>
  /** Highest CPU per request, as a multiple of the bare server's. */
  mostOfBare: number
  /** Lowest CPU of the SDK's server, as a multiple of the service's. */
  leastOfExpress?: number
}

export const CASES: readonly Case[] = [
  { name: 'tools/list', method: 'tools/list', params: {}, mostOfBare: 1.3, leastOfExpress: 20 },
  { ...call('get_context'), mostOfBare: 2, leastOfExpress: 4 },
  { ...call('list_locations'), mostOfBare: 1.4 },
  { ...call('summarize_day'), mostOfBare: 1.4 },
]

function call(name: string) {
  return { name, method: 'tools/call', params: { name, arguments: {} } }
}

/** The name of the case of a message. */
export function caseNameOf({ method, params }: { method: string; params?: { name?: string } }): string {
  return method === 'tools/call' ? (params?.name ?? '') : method
}

/** A JSON-RPC request; the load generator replaces `[<id>]` with a new id each time. */
export function messageOf({ method, params }: Pick<Case, 'method' | 'params'>, id: string | number = '[<id>]'): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}
