import { type AllClientMetadata, errors } from './oidc-provider.ts'
import { NotPublic } from './public-fetch.ts'

const LARGEST_METADATA = 8192
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

type Failure = errors.OIDCProviderError & { error_detail: string }

/**
 * What keeps a client's metadata document from being used, as a sentence for the merchant.
 * @returns undefined if the failure is another one
 */
export function documentProblem(failure: Error, clientId: unknown): string | undefined {
  const { error, error_description: description = '', error_detail: detail = '' } = failure as Partial<Failure>
  if (!URL.canParse(String(clientId))) return undefined
  const { host } = new URL(String(clientId))
  const published = `What the application publishes about itself at ${host}`
  if (error === 'invalid_client_metadata' || error === 'invalid_redirect_uri') {
    return description.startsWith('redirect_uri ') ? undefined : `${published} cannot be used here: ${description}.`
  }
  if (error !== 'invalid_client' || !description.startsWith('client_id metadata document fetch')) return undefined
  if (description.endsWith('not allowed') || failure.cause instanceof NotPublic) {
    return `The application names ${host} as its address, which is not a public one, so it is not looked up.`
  }
  if (failure.cause instanceof SyntaxError || /^(unexpected response status|response too large)/.test(detail)) {
    return `${published} could not be read. Try again in a few minutes.`
  }
  return `${published} could not be fetched. Try again in a few minutes. If that does not help, tell the operator of this service that it does not reach ${host}.`
}

/** A client's name as the merchant sees it: its own, cut to one line and without invisible characters. */
export function clientNameOf(name: unknown): string {
  const clean = typeof name === 'string' ? name.replace(/[\p{C}\p{Z}]+/gu, ' ').trim() : ''
  return clean === '' ? 'An unnamed application' : clean.slice(0, MAX_NAME_LENGTH)
}

/** Where the merchant's browser is sent afterwards, in a form that a person can judge. */
export function destinationOf(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (url.protocol === 'https:') return url.host
  if (url.protocol === 'http:') return `${url.host} (an application on this computer)`
  return `${url.protocol}//${url.host} (an application on this device)`
}
