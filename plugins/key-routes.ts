import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { SCOPES } from '../src/auth/scopes.ts'
import { ServiceError } from '../src/errors.ts'
import { StringEnum } from '../src/mcp/schema.ts'
import type { KeyManager } from './api-keys.ts'
import { ErrorSchema } from './errors.ts'
import { bearerOf } from './principals.ts'

const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })
const NullableTime = Type.Union([Time, Type.Null()])

const NewKeySchema = Type.Object(
  {
    businessId: Type.String({ format: 'uuid' }),
    role: StringEnum(['merchant', 'tenant_developer', 'platform_operator'], {
      description: 'platform_operator is refused here: operators have the command line',
    }),
    scopes: Type.Array(StringEnum(SCOPES), { minItems: 1, maxItems: SCOPES.length, uniqueItems: true }),
    label: Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' }),
    expiresAt: Type.Optional(Type.String({ format: 'date-time', description: 'Default: never' })),
  },
  { additionalProperties: false },
)

const KeySchema = Type.Object(
  {
    id: Type.String(),
    businessId: Type.Union([Type.String(), Type.Null()]),
    role: Type.String(),
    scopes: Type.Array(Type.String()),
    label: Type.String(),
    isActive: Type.Boolean(),
    createdAt: Time,
    expiresAt: NullableTime,
    lastUsedAt: NullableTime,
  },
  { title: 'ApiKey' },
)

const KeyId = Type.Object({ id: Type.String({ format: 'uuid' }) })
const errors = { '4xx': ErrorSchema, '5xx': ErrorSchema }
const documented = { tags: ['API keys'], security: [{ firebase: [] }] }

/** `/mcp/keys`: the API keys of a business, for its owners and admins signed in with Firebase. */
const keyRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', app.rateLimits.checkFailures)
  app.addHook('onSend', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    await app.rateLimits.countFailure(request, reply)
  })

  const managerOf = (request: FastifyRequest): Promise<KeyManager> => app.tokens.signIn(bearerOf(request))

  app.post(
    '/mcp/keys',
    {
      schema: {
        ...documented,
        summary: 'Create an API key; the raw key is in this answer only',
        body: NewKeySchema,
        response: { 201: Type.Object({ rawKey: Type.String(), key: KeySchema }), ...errors },
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
        response: { 200: Type.Object({ keys: Type.Array(KeySchema) }), ...errors },
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
        response: { 200: Type.Object({ key: KeySchema }), ...errors },
      },
    },
    async (request) => ({ key: await app.apiKeys.revoke(await managerOf(request), request.params.id) }),
  )

  app.delete(
    '/mcp/keys/:id',
    {
      schema: { ...documented, summary: 'Delete an API key', params: KeyId, response: { 204: Type.Null(), ...errors } },
    },
    async (request, reply) => {
      await app.apiKeys.remove(await managerOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

export default keyRoutes
