import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { bearerOf } from '../../src/auth/bearer.ts'
import { ApiKeySchema, NewKeySchema } from '../../src/auth/schemas.ts'
import { ServiceError } from '../../src/errors.ts'
import emptyBody from '../http/empty-body.ts'
import { ERROR_RESPONSES } from '../http/errors.ts'
import type { KeyManager } from './api-keys.ts'

const KeyId = Type.Object({ id: Type.String({ format: 'uuid' }) })
const documented = { tags: ['API keys'], security: [{ firebase: [] }] }

/** `/mcp/keys`: the API keys of a business, for its owners and admins signed in with Firebase. */
const keyRoutes: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(emptyBody)
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  function managerOf(request: FastifyRequest): Promise<KeyManager> {
    const credential = bearerOf(request)
    return app.credentialGuard.check(request, credential, () => app.tokens.signIn(credential))
  }

  app.post(
    '/mcp/keys',
    {
      schema: {
        ...documented,
        summary: 'Create an API key; the raw key is in this answer only',
        body: NewKeySchema,
        response: { 201: Type.Object({ rawKey: Type.String(), key: ApiKeySchema }), ...ERROR_RESPONSES },
      },
    },
    async (request, reply) => {
      const manager = await managerOf(request)
      const { role, expiresAt, ...key } = request.body
      if (role === 'platform_operator') {
        throw new ServiceError('forbidden', 'Keys of platform operators are created with npm run operator-key only.')
      }
      const expires = expiresAt === undefined ? null : new Date(expiresAt)
      // RFC 3339 knows leap seconds; Date does not.
      if (expires !== null && Number.isNaN(expires.getTime())) {
        throw new ServiceError('invalid_argument', 'expiresAt must be an instant such as 2027-01-31T00:00:00Z.')
      }
      const created = await app.apiKeys.create(manager, { ...key, role, expiresAt: expires })
      return reply.code(201).send(created)
    },
  )

  app.get(
    '/mcp/keys',
    {
      schema: {
        ...documented,
        summary: 'The API keys of a business, newest first',
        querystring: Type.Object({ businessId: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
        response: { 200: Type.Object({ keys: Type.Array(ApiKeySchema) }), ...ERROR_RESPONSES },
      },
    },
    async (request) => ({ keys: await app.apiKeys.list(await managerOf(request), request.query.businessId) }),
  )

  app.patch(
    '/mcp/keys/:id/revoke',
    {
      schema: {
        ...documented,
        summary: 'Switch an API key off',
        params: KeyId,
        response: { 200: Type.Object({ key: ApiKeySchema }), ...ERROR_RESPONSES },
      },
    },
    async (request) => ({ key: await app.apiKeys.revoke(await managerOf(request), request.params.id) }),
  )

  app.delete(
    '/mcp/keys/:id',
    {
      schema: {
        ...documented,
        summary: 'Delete an API key',
        params: KeyId,
        response: { 204: Type.Null(), ...ERROR_RESPONSES },
      },
    },
    async (request, reply) => {
      await app.apiKeys.remove(await managerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

export default fp(keyRoutes, {
  name: 'key-routes',
  dependencies: ['errors', 'credential-guard', 'tokens', 'api-keys'],
  encapsulate: true,
})
