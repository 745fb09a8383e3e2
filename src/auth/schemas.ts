import { type Static, Type } from '@sinclair/typebox'
import { StringEnum } from '../results/schema.ts'
import { SCOPES } from './scopes.ts'

/** The scopes of a credential in HTTP requests and answers. */
export const Scopes = Type.Array(StringEnum(SCOPES), { minItems: 1, maxItems: SCOPES.length, uniqueItems: true })

/** An instant in an answer: a Date, which is written as RFC 3339. */
export const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })
const NullableTime = Type.Union([Time, Type.Null()])

/** The body of a token exchange. */
export const TokenRequestSchema = Type.Object(
  {
    firebaseIdToken: Type.String({ minLength: 1, maxLength: 8192, description: 'From user.getIdToken()' }),
    scopes: Type.Optional(Scopes),
    label: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', description: 'A name to know the token by' }),
    ),
  },
  { additionalProperties: false },
)

/** The answer to an exchange or a refresh. */
export const TokenGrantSchema = Type.Object(
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
export type TokenGrant = Static<typeof TokenGrantSchema>

/** A live token as its owner sees it. */
export const LiveTokenSchema = Type.Object({
  jti: Type.String({ description: 'Of the family; the token of the exchange has the same' }),
  label: Type.Union([Type.String(), Type.Null()]),
  client: Type.Union([Type.String(), Type.Null()], { description: 'User agent that made it' }),
  usedBy: Type.Union([Type.String(), Type.Null()], { description: 'MCP client that last began a conversation' }),
  scopes: Type.Union([Type.Array(Type.String()), Type.Null()]),
  clientData: Type.Boolean({ description: "Whether it may see the shop's clients" }),
  businessIds: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'null: all' }),
  createdAt: Time,
  lastUsedAt: NullableTime,
  expiresAt: Time,
})
export type LiveToken = Static<typeof LiveTokenSchema>

/** The body that ends tokens: one with its family, or all. */
export const RevocationSchema = Type.Object(
  {
    jti: Type.Optional(Type.String({ format: 'uuid', description: 'Any token of the family' })),
    all: Type.Optional(Type.Literal(true)),
  },
  { additionalProperties: false },
)

/** The answer to it. */
export const RevokedSchema = Type.Object({
  jti: Type.Optional(Type.String()),
  ended: Type.Integer({ description: 'How many families' }),
  revokedAt: Time,
})

/** The body that creates an API key. */
export const NewKeySchema = Type.Object(
  {
    businessId: Type.String({ format: 'uuid' }),
    role: StringEnum(['merchant', 'tenant_developer', 'platform_operator'], {
      description: 'platform_operator is refused here: operators have the command line',
    }),
    scopes: Scopes,
    label: Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' }),
    expiresAt: Type.Optional(Type.String({ format: 'date-time', description: 'Default: never' })),
  },
  { additionalProperties: false },
)
export type NewKey = Static<typeof NewKeySchema>

/** An API key as its owner may see it again; the key itself is shown once. */
export const ApiKeySchema = Type.Object(
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
    createdBy: Type.Union([Type.String(), Type.Null()], { description: 'Name or e-mail of the member who made it' }),
    makerHasLeft: Type.Boolean({ description: 'The key ends within a day after its maker has left; see expiresAt' }),
  },
  { title: 'ApiKey' },
)
export type ApiKey = Static<typeof ApiKeySchema>
