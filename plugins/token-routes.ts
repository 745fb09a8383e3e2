import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { SCOPES } from '../src/auth/scopes.ts'
import { ServiceError } from '../src/errors.ts'
import { StringEnum } from '../src/mcp/schema.ts'
import { ErrorSchema } from './errors.ts'
import { bearerOf, isFirebaseToken } from './principals.ts'

const Scopes = Type.Array(StringEnum(SCOPES), { minItems: 1, maxItems: SCOPES.length, uniqueItems: true })
const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })

const TokenRequestSchema = Type.Object(
  {
    firebaseIdToken: Type.String({ minLength: 1, maxLength: 8192, description: 'From user.getIdToken()' }),
    scopes: Type.Optional(Scopes),
    label: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', description: 'A name to know the token by' }),
    ),
  },
  { additionalProperties: false },
)

const TokenGrantSchema = Type.Object(
  {
    accessToken: Type.String(),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'Seconds' }),
    expiresAt: Time,
    role: Type.Literal('merchant'),
    activeBusinessId: Type.String(),
    authorizedBusinessIds: Type.Array(Type.String()),
    authorizedBusinesses: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
    scopes: Scopes,
  },
  { title: 'Token' },
)

const LiveTokenSchema = Type.Object({
  jti: Type.String(),
  label: Type.Union([Type.String(), Type.Null()]),
  client: Type.Union([Type.String(), Type.Null()]),
  scopes: Type.Union([Type.Array(Type.String()), Type.Null()]),
  createdAt: Time,
  lastUsedAt: Type.Union([Time, Type.Null()]),
  expiresAt: Time,
})

const errors = { '4xx': ErrorSchema, '5xx': ErrorSchema }

/** `POST /mcp/token` and what belongs to a token's life. */
const tokenRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', app.rateLimits.checkFailures)
  app.addHook('onSend', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    await app.rateLimits.countFailure(request, reply)
  })

  app.post(
    '/mcp/token',
    {
      schema: {
        summary: 'Exchange a Firebase ID token for an MCP token',
        tags: ['tokens'],
        body: TokenRequestSchema,
        response: { 200: TokenGrantSchema, ...errors },
      },
    },
    ({ body, headers }) =>
      app.tokens.exchange(body.firebaseIdToken, {
        scopes: body.scopes,
        label: body.label,
        client: headers['user-agent'],
      }),
  )

  app.post(
    '/mcp/token/refresh',
    {
      schema: {
        summary: 'A new MCP token for one that is valid, or expired no longer than seven days',
        tags: ['tokens'],
        security: [{ mcpToken: [] }],
        response: { 200: TokenGrantSchema, ...errors },
      },
    },
    (request) => app.tokens.refresh(bearerOf(request), request.headers['user-agent']),
  )

  app.post(
    '/mcp/token/revoke',
    {
      schema: {
        summary: "Revoke one of one's own tokens",
        tags: ['tokens'],
        security: [{ mcpToken: [] }, { firebase: [] }],
        body: Type.Object({ jti: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
        response: { 200: Type.Object({ jti: Type.String(), revokedAt: Time }), ...errors },
      },
    },
    async (request) => app.tokens.revoke(await userOf(request), request.body.jti),
  )

  app.get(
    '/mcp/tokens',
    {
      schema: {
        summary: "One's live tokens",
        tags: ['tokens'],
        security: [{ mcpToken: [] }, { firebase: [] }],
        response: { 200: Type.Object({ tokens: Type.Array(LiveTokenSchema) }), ...errors },
      },
    },
    async (request) => ({ tokens: await app.tokens.list(await userOf(request)) }),
  )

  /** The user behind an MCP token or a Firebase ID token. */
  async function userOf(request: FastifyRequest): Promise<string> {
    const credential = bearerOf(request)
    if (isFirebaseToken(credential)) return (await app.tokens.signIn(credential)).userId
    const { userId, kind } = await app.principals.authenticate(request)
    if (kind !== 'merchant' || userId === null) {
      throw new ServiceError('forbidden', 'An API key belongs to a business, not to a user. Use an MCP token.')
    }
    return userId
  }
}

export default tokenRoutes
