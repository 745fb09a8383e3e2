import { type AllClientMetadata, errors } from './oidc-provider.ts'

const LARGEST_METADATA = 8192
const MAX_NAME_LENGTH = 100

/**
 * Makes what a client says of itself fit, in place, where real clients are careless and nothing depends on it.
 * @throws InvalidClientMetadata when it is larger than any honest client's
 */
export function normaliseClient(metadata: AllClientMetadata): void {
  if (JSON.stringify(metadata).length > LARGEST_METADATA) {
    throw new errors.InvalidClientMetadata('the metadata is too large')
  }
  // Some register app schemes, loopback and https together and call that "web", which would refuse the first two.
  const { redirect_uris: redirectUris } = metadata
  if (Array.isArray(redirectUris) && redirectUris.some((uri) => !String(uri).startsWith('https:'))) {
    metadata.application_type = 'native'
  }
  // RFC 7591 section 2: the server may put its own values in place of those asked for.
  metadata.grant_types = ['authorization_code', 'refresh_token']
  metadata.response_types = ['code']
  delete metadata.scope
}

/** How a client is called in front of the merchant: what it says, on one line, cut, without invisible characters. */
export function clientNameOf(name: unknown): string {
  const clean = typeof name === 'string' ? name.replace(/[\p{C}\p{Z}]+/gu, ' ').trim() : ''
  return clean === '' ? 'An unnamed application' : clean.slice(0, MAX_NAME_LENGTH)
}

/** Where the merchant's browser is sent afterwards, as a person can judge it. */
export function destinationOf(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (url.protocol === 'https:') return url.host
  if (url.protocol === 'http:') return `${url.host} (an application on this computer)`
  return `${url.protocol}//${url.host} (an application on this device)`
}
