import { type AllClientMetadata, errors } from './oidc-provider.ts'

const LARGEST_METADATA = 8192
const MOST_REDIRECT_URIS = 20
const LONGEST_REDIRECT_URI = 1000
const MAX_NAME_LENGTH = 100

/** What we use of a client's metadata. */
const USED = new Set([
  'client_id',
  'client_id_issued_at',
  'client_secret',
  'client_secret_expires_at',
  'client_name',
  'redirect_uris',
  'application_type',
  'token_endpoint_auth_method',
  'token_endpoint_auth_methods_supported',
])
/** What a client needs that signs its token requests. */
const USED_FOR_SIGNING = new Set([
  'token_endpoint_auth_signing_alg',
  'token_endpoint_auth_signing_alg_values_supported',
  'jwks',
  'jwks_uri',
])

/**
 * Corrects a client's metadata in place, where real clients are careless and nothing depends on it.
 * @throws InvalidClientMetadata when it is larger than any honest client's
 */
export function normaliseClient(metadata: AllClientMetadata): void {
  if (JSON.stringify(metadata).length > LARGEST_METADATA) {
    throw new errors.InvalidClientMetadata('the metadata is too large')
  }
  checkRedirectUris(metadata.redirect_uris)
  dropUnused(metadata)
  // Some clients register app schemes, loopback and https together as "web", which does not allow the first two.
  const { redirect_uris: redirectUris, application_type: type } = metadata
  if (
    type !== 'web' ||
    (Array.isArray(redirectUris) && redirectUris.some((uri) => !String(uri).startsWith('https:')))
  ) {
    metadata.application_type = 'native'
  }
  // RFC 7591 section 2: the server may replace requested values with its own.
  metadata.grant_types = ['authorization_code', 'refresh_token']
  metadata.response_types = ['code']
}

function checkRedirectUris(uris: unknown): void {
  if (!Array.isArray(uris)) return
  if (uris.length > MOST_REDIRECT_URIS) {
    throw new errors.InvalidClientMetadata(`redirect_uris may be at most ${MOST_REDIRECT_URIS}`)
  }
  if (uris.some((uri) => String(uri).length > LONGEST_REDIRECT_URI)) {
    throw new errors.InvalidClientMetadata(`redirect_uris may have at most ${LONGEST_REDIRECT_URI} characters each`)
  }
}

/**
 * Drops what a client says about itself that is empty or that we do not use (RFC 7591, section 2): whatever it is, it
 * is no reason to refuse the client. That also keeps the provider from fetching `sector_identifier_uri`.
 */
export function dropUnused(metadata: Record<string, unknown>): void {
  const { token_endpoint_auth_method: method, token_endpoint_auth_methods_supported: methods } = metadata
  const signs = [method, methods].flat().includes('private_key_jwt')
  for (const [name, value] of Object.entries(metadata)) {
    const isUsed = USED.has(name) || (signs && USED_FOR_SIGNING.has(name))
    if (!isUsed || value === null || value === '') delete metadata[name]
  }
  if (typeof metadata.client_name !== 'string') delete metadata.client_name
}

/** A client's name as the merchant sees it: its own, cut to one line and without invisible characters. */
export function clientNameOf(name: unknown): string {
  const clean = typeof name === 'string' ? name.replace(/[\p{C}\p{Z}]+/gu, ' ').trim() : ''
  return clean === '' ? 'An unnamed application' : clean.slice(0, MAX_NAME_LENGTH)
}

/** The host that publishes a client's metadata document; null for a client that registered. */
export function publisherOf(clientId: string): string | null {
  return URL.canParse(clientId) ? new URL(clientId).host : null
}

/** Where the merchant's browser is sent afterwards: to a web site, or to an application on this computer or device. */
export function placeOf(redirectUri: string): { host: string; kind: 'site' | 'computer' | 'device' } {
  const { protocol, host } = new URL(redirectUri)
  if (protocol === 'https:') return { host, kind: 'site' }
  return protocol === 'http:' ? { host, kind: 'computer' } : { host: `${protocol}//${host}`, kind: 'device' }
}

/**
 * By what a client is known where businesses allow some and not others: the host that publishes it, else the web site
 * that it runs on, else `computer` or `device`, where a registered application can call itself anything.
 */
export function clientHostOf(clientId: string, redirectUri: string): string {
  const { host, kind } = placeOf(redirectUri)
  return publisherOf(clientId) ?? (kind === 'site' ? host : kind)
}
