import ipaddr from 'ipaddr.js'

/** A network that requests are counted by. */
export interface Network {
  network: string
  /** How many times the limit of one subscriber it may use. */
  share: number
}

// RFC 6177: a subscriber has at least a /64, and often a /56 or a /48 as a whole.
const IPV6_PREFIXES = [
  { bits: 64, share: 1 },
  { bits: 56, share: 4 },
  { bits: 48, share: 16 },
]

/**
 * The networks that a request is counted by: an IPv4 address, or an IPv6 address's /64 and those around it.
 * @param address as Fastify's `request.ip` gives it; any other text counts as itself
 */
export function networksOf(address: string): Network[] {
  if (!ipaddr.isValid(address)) return [{ network: address, share: 1 }]
  const ip = ipaddr.process(address)
  if (ip instanceof ipaddr.IPv4) return [{ network: ip.toString(), share: 1 }]
  return IPV6_PREFIXES.map(({ bits, share }) => ({
    network: `${ipaddr.IPv6.networkAddressFromCIDR(`${ip.toString()}/${bits}`).toString()}/${bits}`,
    share,
  }))
}
