import { intersectScopes, OAUTH_SCOPES, type OAuthScope, SCOPES, scopesOf } from '../auth/scopes.ts'
import { isOurResource, type OAuthAddresses } from './addresses.ts'
import { errors } from './oidc-provider.ts'

/**
 * The parameters of an authorization request that mean something here. Others are ignored (RFC 6749, section 3.1):
 * libraries for OpenID Connect send `nonce`, `max_age` or `display` whoever they talk to. `request` and `request_uri`
 * would carry parameters that we do not read, so they stay and are refused.
 */
const AUTHORIZATION_PARAMETERS = new Set([
  'response_type',
  'response_mode',
  'client_id',
  'redirect_uri',
  'code_challenge',
  'code_challenge_method',
  'scope',
  'state',
  'resource',
  'prompt',
  'request',
  'request_uri',
])
/** What we ask people can be asked for or ruled out; they choose their account in any case. */
const PROMPTS = new Set(['none', 'login', 'consent'])
const LONGEST_PARAMETER = 2048
const LONGEST_QUERY = 4096

/**
 * Refuses an authorization request that is too long, since all of it is kept while the merchant signs in.
 * @throws InvalidRequest
 */
export function checkSize(query: URLSearchParams): void {
  for (const [name, value] of query) {
    if (!AUTHORIZATION_PARAMETERS.has(name) || value.length <= LONGEST_PARAMETER) continue
    throw new errors.InvalidRequest(`${name} is longer than ${LONGEST_PARAMETER} characters`)
  }
  if (query.toString().length > LONGEST_QUERY) {
    throw new errors.InvalidRequest(`the request is longer than ${LONGEST_QUERY} characters`)
  }
}

/** An authorization request as the provider understands it. Nothing is added to what the client may do. */
export function authorizationRequest(query: URLSearchParams, addresses: OAuthAddresses): URLSearchParams {
  const request = new URLSearchParams([...query].filter(([name]) => AUTHORIZATION_PARAMETERS.has(name)))
  joinResources(request, addresses)
  // The provider refuses a parameter that is given twice.
  if (request.getAll('scope').length < 2) request.set('scope', scopeOrDefault(request.get('scope')))
  if (request.getAll('prompt').length === 1) {
    setOrDelete(
      request,
      'prompt',
      wordsOf(request.get('prompt')).filter((prompt) => PROMPTS.has(prompt)),
    )
  }
  return request
}

/**
 * A token request as the provider understands it.
 * @param grantedTo the scopes that a refresh token stands for; undefined if there is no such token
 */
export async function tokenRequest(
  body: URLSearchParams,
  addresses: OAuthAddresses,
  grantedTo: (refreshToken: string) => Promise<OAuthScope[] | undefined>,
): Promise<URLSearchParams> {
  const request = new URLSearchParams(body)
  joinResources(request, addresses)
  if (request.getAll('scope').length !== 1) return request

  // RFC 6749, section 6: clients may ask for less. Many ask for the same as at first, and were granted less.
  const asked = scopesOf(request.get('scope') ?? '')
  const granted = await grantedTo(request.get('refresh_token') ?? '')
  const narrowed = granted === undefined ? asked : intersectScopes(asked, granted)
  setOrDelete(request, 'scope', narrowed.length === 0 ? asked : narrowed)
  return request
}

/** RFC 8707 lets clients name several resources; several names of ours are one. */
function joinResources(request: URLSearchParams, addresses: OAuthAddresses): void {
  const named = request.getAll('resource').filter((resource) => resource !== '')
  request.delete('resource')
  const ours = named.map((resource) => (isOurResource(resource, addresses) ? addresses.resource : resource))
  for (const resource of new Set(ours)) request.append('resource', resource)
}

/** A client's scopes as far as we know them; if none is known, all scopes that a merchant can grant. */
function scopeOrDefault(scope: string | null): string {
  const known = scopesOf(scope ?? '')
  // To see clients and nothing else is no use.
  return (intersectScopes(known, SCOPES).length === 0 ? OAUTH_SCOPES : known).join(' ')
}

function wordsOf(text: string | null): string[] {
  return (text ?? '').split(' ')
}

function setOrDelete(request: URLSearchParams, name: string, words: string[]): void {
  if (words.length === 0) request.delete(name)
  else request.set(name, words.join(' '))
}
