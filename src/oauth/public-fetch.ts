import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import https from 'node:https'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import ipaddr from 'ipaddr.js'

/** How the hosts of clients are found and reached. */
export interface Network {
  /** All addresses of a host name. */
  lookup(hostname: string): Promise<LookupAddress[]>
  agent: https.Agent
}

type Options = Pick<RequestInit, 'headers' | 'signal'>

/** An address that a stranger named leads somewhere that is not for strangers. */
export class NotPublic extends Error {}

const internet: Network = { lookup: (hostname) => lookup(hostname, { all: true }), agent: new https.Agent() }
/** Statuses whose answers have no body (Fetch, section 2.2.3). */
const WITHOUT_BODY = new Set([204, 205, 304])

/**
 * `fetch` for addresses that strangers name (SSRF): https on its usual port, no redirects, and only if every address
 * of the host is public. The connection goes to the addresses that were checked, so that a second answer of the name
 * server cannot change them.
 */
export function createPublicFetch(network: Network = internet) {
  return async (input: string | URL, init: Options = {}): Promise<Response> => {
    const url = new URL(input)
    if (!isPublicUrl(url)) throw new NotPublic('only https addresses with a host name and the usual port are fetched')
    const addresses = await unlessAborted(network.lookup(url.hostname), init.signal)
    if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
      throw new NotPublic('the host has an address that is not public')
    }
    return get(url, addresses, network.agent, init)
  }
}

/** Whether an address may be fetched as far as its text tells. */
export function isPublicUrl({ protocol, port, hostname }: URL): boolean {
  return protocol === 'https:' && port === '' && hostname.includes('.') && isIP(hostname) === 0
}

function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast'
}

function get(
  url: URL,
  addresses: LookupAddress[],
  agent: https.Agent,
  { headers = {}, signal }: Options,
): Promise<Response> {
  const [first] = addresses as [LookupAddress, ...LookupAddress[]]
  return new Promise((resolve, reject) => {
    const request = https.request(url, {
      agent,
      // Firewalls of some vendors refuse requests without it.
      headers: { ...Object.fromEntries(new Headers(headers)), 'user-agent': 'FlowPOS-MCP' },
      ...(signal ? { signal } : {}),
      lookup: (_hostname, { all }, callback) =>
        all === true ? callback(null, addresses) : callback(null, first.address, first.family),
    })
    request.on('error', reject)
    request.on('response', (message) => {
      const { statusCode: status = 502 } = message
      const pairs = Object.entries(message.headersDistinct).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value]),
      )
      if (WITHOUT_BODY.has(status)) message.resume()
      const body = WITHOUT_BODY.has(status) ? null : (Readable.toWeb(message) as ReadableStream)
      resolve(new Response(body, { status, headers: pairs }))
    })
    request.end()
  })
}

function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | null | undefined): Promise<Value> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })
}
