import { AsyncLocalStorage } from 'node:async_hooks'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

/** Where a request comes from, as far as the audit trail says it: no address of a person, nothing of any length. */
export interface Caller {
  requestId: string
  /** A /24 of IPv4 or a /64 of IPv6. */
  network: string | null
  /** The MCP client by its name, else the kind of user agent. */
  client: string | null
}

const callers = new AsyncLocalStorage<Caller>()

/**
 * Runs `work` on behalf of a caller, whom everything that it starts knows, too. Before Node 24 this costs every promise of
 * the process, so what is called all the time hands its caller on instead.
 */
export function onBehalfOf<T>(caller: Caller, work: () => T): T {
  return callers.run(caller, work)
}

/** Whose request this is; undefined outside of requests. */
export function currentCaller(): Caller | undefined {
  return callers.getStore()
}

/**
 * The network of an address, too coarse to tell one person.
 * @returns null for what is no address
 */
export function networkClassOf(address: string): string | null {
  const known = networks.get(address)
  if (known !== undefined) return known
  if (!ipaddr.isValid(address)) return null
  const ip = ipaddr.process(address)
  const [bits, network] =
    ip instanceof ipaddr.IPv4
      ? [24, ipaddr.IPv4.networkAddressFromCIDR(`${ip}/24`)]
      : [64, ipaddr.IPv6.networkAddressFromCIDR(`${ip}/64`)]
  const named = `${network}/${bits}`
  networks.set(address, named)
  return named
}

// Every request needs its network, and most come from few addresses.
const networks = new LRUCache<string, string>({ max: 10_000 })

/** The product that a User-Agent header names first, without its version; all browsers are one. */
export function userAgentClassOf(header: string | undefined): string | null {
  const [product = ''] = (header ?? '').trim().split(/[\s/(]/, 1)
  if (product === '') return null
  return product === 'Mozilla' ? 'browser' : clientClassOf(product)
}

/**
 * The name of an MCP client if it looks like the name of a program. It is free text, so it could be anything. What a
 * bridge adds in brackets, as in `claude-ai (via mcp-remote 0.15.1)`, is left out.
 */
export function clientClassOf(name: string): string {
  const [own = ''] = name.split(' (', 1)
  return /^[a-z][\w .+-]{0,39}$/i.test(own) ? own : 'other'
}
