import type { Config } from '../config.ts'
import { isUuid } from '../uuid.ts'

/** The addresses for clients that sign in by themselves. */
export interface OAuthAddresses {
  origin: string
  /** Issuer identifier of the authorization server. */
  issuer: string
  /** The MCP endpoint for these clients; the audience of their tokens. */
  resource: string
  /** RFC 9728: metadata of the endpoint. */
  resourceMetadata: string
}

export const ISSUER_PATH = '/oauth'
export const CONNECT_PATH = '/mcp/connect'
export const RESOURCE_METADATA_PATH = `/.well-known/oauth-protected-resource${CONNECT_PATH}`

/** The addresses of an installation: the same on every instance and for every Host header. */
export function oauthAddresses({ PUBLIC_URL, PORT }: Pick<Config, 'PUBLIC_URL' | 'PORT'>): OAuthAddresses {
  const { origin } = new URL(PUBLIC_URL ?? `http://localhost:${PORT}`)
  return {
    origin,
    issuer: origin + ISSUER_PATH,
    resource: origin + CONNECT_PATH,
    resourceMetadata: origin + RESOURCE_METADATA_PATH,
  }
}

/**
 * Whether a client's `resource` is the MCP endpoint. Clients send the URL that they were configured with: with a pin or
 * another query, with a slash at the end, with the host in capitals or with the usual port.
 */
export function isOurResource(resource: string, addresses: OAuthAddresses): boolean {
  if (!URL.canParse(resource)) return false
  const { origin, pathname, username, password, href } = new URL(resource)
  const path = pathname.replace(/\/$/, '')
  // RFC 8707 section 2 forbids a fragment.
  return `${origin}${path}` === addresses.resource && username === '' && password === '' && !href.includes('#')
}

/**
 * The end of a URL of the endpoint, or of its metadata, as far as it belongs to the resource: clients compare the
 * resource that the metadata name with the URL that they were configured with (RFC 9728, section 3.3).
 * @returns a slash or nothing, then the query, or nothing if anything in it is not ours
 */
export function resourceSuffix(url: string): string {
  const [path = '', query] = url.split('?', 2)
  const slash = path.endsWith('/') ? '/' : ''
  if (query === undefined || !query.split('&', MOST_PARAMETERS + 1).every(isOurs)) return slash
  return query.split('&').length > MOST_PARAMETERS ? slash : `${slash}?${query}`
}

const MOST_PARAMETERS = 4

/** Whether a parameter is one with which clients pin a business or narrow what they see. */
function isOurs(parameter: string): boolean {
  const [name, value = ''] = parameter.split('=', 2)
  return name === 'businessId' ? isUuid(value) : /^(schemas|toolset|readonly)=[a-z]{1,20}$/.test(parameter)
}
