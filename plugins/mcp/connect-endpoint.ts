import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { OAUTH_SCOPES } from '../../src/auth/scopes.ts'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { SERVER_INFO } from '../../src/mcp/server-info.ts'
import { CONNECT_PATH, oauthAddresses, RESOURCE_METADATA_PATH, resourceSuffix } from '../../src/oauth/addresses.ts'
import type { Clock } from '../../src/time/clock.ts'
import mcp from './endpoint.ts'

/**
 * `/mcp/connect`: the MCP endpoint for clients that sign in by themselves. It accepts only access tokens from `/oauth`,
 * and `/mcp` accepts none of these (RFC 8707), so that a token for one endpoint cannot be misused at the other.
 */
const connect: FastifyPluginAsync<{ config: Config; clock: Clock }> = async (app, { config, clock }) => {
  const { issuer, resource, resourceMetadata } = oauthAddresses(config)

  app.addHook('onSend', async (request, reply) => {
    const challenge = reply.getHeader('www-authenticate')
    if (challenge === undefined) return
    // RFC 6750 section 3.1: no error for a request without a credential.
    const reason = request.headers.authorization === undefined ? 'Bearer' : `${challenge},`
    // A challenge for more scopes names them itself.
    const scope = / scope="/.test(String(challenge)) ? '' : `, scope="${OAUTH_SCOPES.join(' ')}"`
    // RFC 9728 section 5.1
    reply.header(
      'www-authenticate',
      `${reason} resource_metadata="${resourceMetadata}${resourceSuffix(request.url)}"${scope}`,
    )
  })
  await app.register(mcp, {
    clock,
    path: CONNECT_PATH,
    publicUrl: config.PUBLIC_URL,
    newestProtocol: config.MCP_NEWEST_PROTOCOL,
    credentialRequired: signInRequired,
    stepsUp: true,
    authenticate: (credential, caller) =>
      app.principals.authenticateConnection(credential, caller).catch((error) => {
        if (error instanceof ServiceError && error.code === 'unauthenticated') throw signInRequired(error)
        throw error
      }),
  })

  app.get(RESOURCE_METADATA_PATH, { schema: { hide: true }, onRequest: app.checkHost }, ({ url }) => ({
    resource: resource + resourceSuffix(url),
    authorization_servers: [issuer],
    scopes_supported: OAUTH_SCOPES,
    bearer_methods_supported: ['header'],
    resource_name: SERVER_INFO.title,
    ...(config.PRIVACY_URL === undefined ? {} : { resource_policy_uri: config.PRIVACY_URL }),
    ...(config.TERMS_URL === undefined ? {} : { resource_tos_uri: config.TERMS_URL }),
    ...(config.SUPPORT_URL === undefined ? {} : { resource_documentation: config.SUPPORT_URL }),
  }))
}

export default fp(connect, {
  name: 'connect-endpoint',
  dependencies: ['errors', 'host-check', 'principals'],
  encapsulate: true,
})

function signInRequired(cause?: ServiceError): ServiceError {
  return new ServiceError(
    'unauthenticated',
    'Sign in through your client: it learns how from this answer. Pasted tokens and API keys belong to /mcp.',
    { cause },
  )
}
