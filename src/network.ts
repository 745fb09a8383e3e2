import ipaddr from 'ipaddr.js'

/**
 * The network that requests are counted by: an IPv4 address, or the /64 of an IPv6 address, which belongs to one
 * subscriber as a whole (RFC 6177).
 * @param address as Fastify's `request.ip` gives it
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const ip = ipaddr.process(address)
  if (ip instanceof ipaddr.IPv4) return ip.toString()
  return `${ip.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
