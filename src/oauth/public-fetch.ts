import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import https from 'node:https'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import ipaddr from 'ipaddr.js'
import { ServiceError } from '../errors.ts'

/** How the hosts of clients are found and reached. */
export interface Network {
  /** All addresses of a host name. Whoever aborts the signal no longer waits for them. */
  lookup(hostname: string, signal?: AbortSignal | null): Promise<LookupAddress[]>
  agent: https.Agent
}

type Options = Pick<RequestInit, 'headers' | 'signal'>

/** An address that a stranger named leads somewhere that is not for strangers. */
export class NotPublic extends Error {}

/** How many fetches an instance has under way. Strangers can make each of them take until its time is over. */
export const MOST_FETCHES = 50
const NAME_SERVER_TIMEOUT_MS = 1000
/** Statuses whose answers have no body (Fetch, section 2.2.3). */
const WITHOUT_BODY = new Set([204, 205, 304])

/**
 * `fetch` for addresses that strangers name (SSRF): https on its usual port, no redirects, and only if every address
 * of the host is public. The connection goes to the addresses that were checked, so that a second answer of the name
 * server cannot change them.
 */
export function createPublicFetch(network: Network = internet()) {
  const underWay = new Set<URL>()

  return async (input: string | URL, init: Options = {}): Promise<Response> => {
    const url = new URL(input)
    if (!isPublicUrl(url)) throw new NotPublic('only https addresses with a host name and the usual port are fetched')
    if (underWay.size >= MOST_FETCHES) {
      throw new ServiceError('unavailable', 'Too many descriptions of applications are being fetched.', {
        retryAfterSeconds: 3,
      })
    }
    const end = () => void underWay.delete(url)
    underWay.add(url)
    try {
      const addresses = await unlessAborted(network.lookup(url.hostname, init.signal), init.signal)
      if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
        throw new NotPublic('the host has an address that is not public')
      }
      return await get(url, addresses, network.agent, init, end)
    } catch (error) {
      end()
      throw error
    }
  }
}

/**
 * The internet, by the name servers of the machine. They are asked directly, not by way of `getaddrinfo`: that holds one
 * of the process's few threads until a name server answers, and a stranger's may never do so.
 * @param nameServers others than those of the machine
 */
export function internet(nameServers?: string[]): Network {
  async function lookup(hostname: string, signal?: AbortSignal | null): Promise<LookupAddress[]> {
    const resolver = new Resolver({ timeout: NAME_SERVER_TIMEOUT_MS, tries: 1 })
    if (nameServers !== undefined) resolver.setServers(nameServers)
    const cancel = () => resolver.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
      if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason
      return [...addressesOf(v4, 4), ...addressesOf(v6, 6)]
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  return { lookup, agent: new https.Agent() }
}

function addressesOf(answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []
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
  onEnd: () => void,
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
    request.on('close', onEnd)
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
