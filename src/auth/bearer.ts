import { ServiceError } from '../errors.ts'

/** The end of most messages that refuse a token. */
export const GENERATE_NEW_TOKEN = 'Generate a new token in Settings → AI Assistant'

/** The answer to a credential that is missing or not recognised. */
export function authenticationRequired(): ServiceError {
  return new ServiceError(
    'unauthenticated',
    `Authentication required: provide a valid MCP API key or access token. ${GENERATE_NEW_TOKEN}, and send it as Authorization: Bearer <token> on every request.`,
  )
}

/**
 * The Bearer credential of a request.
 * @param required the refusal of a request without one
 * @throws ServiceError `unauthenticated` when there is none
 */
export function bearerOf(
  { headers }: { headers: { authorization?: string | undefined } },
  required = authenticationRequired,
): string {
  // RFC 6750 allows several spaces. The limit is for somebody who sends nothing but spaces.
  const [scheme = '', credential = '', ...more] = (headers.authorization ?? '').split(' ', 16).filter(Boolean)
  if (scheme.toLowerCase() !== 'bearer' || !/^[\x21-\x7e]{1,8192}$/.test(credential) || more.length > 0) {
    throw required()
  }
  return credential
}
