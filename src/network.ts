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

/** How many times the limit of one subscriber a hosted assistant may use, whose users share its addresses. */
const HOSTED_SHARE = 20

/**
 * The network of a hosted assistant that an address belongs to.
 * @param networks as CIDR
 */
export function hostedNetworkOf(address: string, networks: readonly string[]): Network | undefined {
  if (!ipaddr.isValid(address)) return undefined
  const ip = ipaddr.process(address)
  const network = networks.find((each) => {
    const [base, bits] = ipaddr.parseCIDR(each)
    return ip.kind() === base.kind() && ip.match([base, bits] as never)
  })
  return network === undefined ? undefined : { network, share: HOSTED_SHARE }
}

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
