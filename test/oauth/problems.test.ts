import { describe, expect, it } from 'vitest'
import { ServiceError, unavailable } from '../../src/errors.ts'
import { errors } from '../../src/oauth/oidc-provider.ts'
import { describeProblem } from '../../src/oauth/problems.ts'

const ID = '7d0f2c66-5b0f-4f7e-9c93-0d6f0d5a7a11'

describe.each([
  [
    'a document that cannot be fetched',
    new errors.InvalidClient('client_id metadata document fetch failed'),
    'could not fetch',
    'no pudo obtener',
  ],
  [
    'a document that cannot be fetched while many others are',
    Object.assign(new errors.InvalidClient('client_id metadata document fetch failed'), { cause: unavailable('x') }),
    'not available at the moment',
    'no está disponible',
  ],
  [
    'a document that is wrong',
    new errors.InvalidClientMetadata('token_endpoint_auth_method must be x'),
    'makers: token_endpoint_auth_method must be x',
    'creadores: token_endpoint_auth_method must be x',
  ],
  [
    'redirect_uris of a document that are wrong',
    new errors.InvalidClientMetadata('redirect_uris must be y'),
    'is not valid',
    'no es válida',
  ],
  [
    'a document that may not be fetched',
    new errors.InvalidClient('client_id metadata document fetch not allowed'),
    'is not a public one',
    'no es pública',
  ],
  [
    'an unknown client',
    new errors.InvalidClient('client is invalid'),
    'Remove FlowPOS from your assistant, and add it again',
    'Quita FlowPOS de tu asistente y vuelve a agregarlo',
  ],
  ['a foreign redirect_uri', new errors.InvalidRedirectUri(), 'redirect_uri', 'redirect_uri'],
  [
    'a foreign resource',
    new errors.InvalidTarget(),
    'Compare the address in your assistant',
    'Compara la dirección en tu asistente',
  ],
  [
    'no PKCE',
    new errors.InvalidRequest('Authorization Server policy requires PKCE to be used for this request'),
    'PKCE with S256',
    'PKCE con S256',
  ],
  [
    'an unsupported challenge',
    new errors.InvalidRequest('not supported value of code_challenge_method'),
    'PKCE with S256',
    'PKCE con S256',
  ],
  ['an expired interaction', new errors.SessionNotFound('interaction session not found'), 'has expired', 'venció'],
  ['a finished interaction', new ServiceError('not_found', 'x'), 'has expired', 'venció'],
  ['a refusal by the merchant', new errors.AccessDenied('x'), 'was not allowed', 'no se permitió'],
  [
    'a request that lacks something',
    new errors.InvalidRequest('missing required parameter response_type'),
    'makers: missing required parameter response_type',
    'creadores: missing required parameter response_type',
  ],
  ['a store that is away', unavailable('The session store'), 'Wait a few seconds', 'Espera unos segundos'],
  ['too many requests', new ServiceError('rate_limited', 'x'), 'Wait a minute', 'Espera un minuto'],
  ['a person without a business', new ServiceError('forbidden', 'x'), 'Ask an owner', 'Pide a un propietario'],
  ['anything else', new TypeError('secret internals'), `this number: ${ID}`, `este número a soporte: ${ID}`],
])('%s', (_what, problem, english, spanish) => {
  it('is told in both languages, with what to do, and nothing internal', () => {
    const [en, es] = [describeProblem(problem, 'en', ID), describeProblem(problem, 'es', ID)]
    expect(en).toContain(english)
    expect(es).toContain(spanish)
    expect(en).not.toBe(es)
    for (const text of [en, es]) expect(text).not.toMatch(/internals|\{|\}/)
  })
})

it('a reason that a client makes up is cut', () => {
  const problem = new errors.InvalidRequest(`$& ${'x'.repeat(5000)}`)
  const text = describeProblem(problem, 'en', ID)
  expect(text.length).toBeLessThan(500)
  expect(text).toContain('makers: $& xxx')
})
