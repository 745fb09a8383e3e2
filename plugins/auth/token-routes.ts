import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { bearerOf } from '../../src/auth/bearer.ts'
import {
  LiveTokenSchema,
  RevocationSchema,
  RevokedSchema,
  TokenGrantSchema,
  TokenRequestSchema,
} from '../../src/auth/schemas.ts'
import { ServiceError } from '../../src/errors.ts'
import emptyBody from '../http/empty-body.ts'
import { ERROR_RESPONSES } from '../http/errors.ts'
import type { TokenOwner } from './tokens.ts'

/** `POST /mcp/token`, and the routes that refresh, revoke and list tokens. */
const tokenRoutes: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(emptyBody)
  const guard = app.credentialGuard
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.post(
    '/mcp/token',
    {
      schema: {
        summary: 'Exchange a Firebase ID token for an MCP token',
        tags: ['tokens'],
        body: TokenRequestSchema,
        response: { 200: TokenGrantSchema, ...ERROR_RESPONSES },
      },
    },
    (request) => {
      const { firebaseIdToken, scopes, label } = request.body
      const client = request.headers['user-agent']
      return guard.check(request, firebaseIdToken, () =>
        app.tokens.exchange(firebaseIdToken, { scopes, label, client }),
      )
    },
  )

  app.post(
    '/mcp/token/refresh',
    {
      schema: {
        summary: 'A new MCP token for one that is valid, or expired no longer than seven days',
        tags: ['tokens'],
        security: [{ mcpToken: [] }],
        response: { 200: TokenGrantSchema, ...ERROR_RESPONSES },
      },
    },
    (request) => {
      const token = bearerOf(request)
      return guard.check(request, token, () => app.tokens.refresh(token))
    },
  )

  app.post(
    '/mcp/token/revoke',
    {
      schema: {
        summary: "End one of one's own tokens with its family, or all",
        tags: ['tokens'],
        security: [{ mcpToken: [] }, { firebase: [] }],
        body: RevocationSchema,
        response: { 200: RevokedSchema, ...ERROR_RESPONSES },
      },
    },
    async (request) => {
      const { jti, all } = request.body
      if ((jti === undefined) === (all === undefined)) {
        throw new ServiceError('invalid_argument', 'Give either jti or all.')
      }
      const owner = await ownerOf(request)
      const revoked = await app.tokens.revoke(owner, jti === undefined ? 'all' : { jti })
      return jti === undefined ? revoked : { jti, ...revoked }
    },
  )

  app.get(
    '/mcp/tokens',
    {
      schema: {
        summary: "One's live tokens",
        tags: ['tokens'],
        security: [{ mcpToken: [] }, { firebase: [] }],
        response: { 200: Type.Object({ tokens: Type.Array(LiveTokenSchema) }), ...ERROR_RESPONSES },
      },
    },
    async (request) => ({ tokens: await app.tokens.list(await ownerOf(request)) }),
  )

  /** Who asks, by an MCP token or a Firebase ID token. */
  function ownerOf(request: FastifyRequest): Promise<TokenOwner> {
    const credential = bearerOf(request)
    return guard.check(request, credential, () => ownerBehind(credential, request))
  }

  async function ownerBehind(credential: string, { auditCaller }: FastifyRequest): Promise<TokenOwner> {
    if (app.jwtSigner.isFirebaseToken(credential)) {
      const { userId } = await app.tokens.signIn(credential)
      return { userId }
    }
    const { userId, kind } = await app.principals.authenticate(credential, auditCaller)
    if (kind !== 'merchant' || userId === null) {
      throw new ServiceError('forbidden', 'An API key belongs to a business, not to a user. Use an MCP token.')
    }
    return { userId, jti: app.jwtSigner.verify(credential).jti }
  }
}

export default fp(tokenRoutes, {
  name: 'token-routes',
  dependencies: ['errors', 'credential-guard', 'jwt', 'principals', 'tokens'],
  encapsulate: true,
})
