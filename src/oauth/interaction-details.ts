import { type Static, Type } from '@sinclair/typebox'
import { SCOPES } from '../auth/scopes.ts'
import { SignInSchema } from '../auth/sign-in.ts'
import { Nullable, StringEnum } from '../results/schema.ts'

/** Who asks, in words that the merchant understands. */
const asking = {
  client: Type.String(),
  /** Where the browser goes afterwards. */
  place: Type.Object({ host: Type.String(), kind: StringEnum(['site', 'computer', 'device']) }),
}

/** What the page of an authorization request shows: first the sign-in, then the approval of the client. */
export const InteractionDetailsSchema = Type.Union([
  Type.Object({
    prompt: Type.Literal('login'),
    ...asking,
    signIn: SignInSchema,
  }),
  Type.Object({
    prompt: Type.Literal('consent'),
    ...asking,
    /** The host of the client's metadata document; null if the client registered. */
    publisher: Nullable(Type.String()),
    businesses: Type.Array(
      Type.Object({
        id: Type.String(),
        name: Type.String(),
        role: Type.String(),
        /** What can be granted in it. */
        scopes: Type.Array(StringEnum(SCOPES)),
      }),
    ),
    /** The names of those whose owner does not allow the client. */
    barred: Type.Array(Type.String()),
    /** What can be granted in any; empty if the roles allow none of the requested scopes. */
    scopes: Type.Array(StringEnum(SCOPES)),
    /** Whether the clients' data was asked for. */
    clientData: Type.Boolean(),
  }),
])
export type InteractionDetails = Static<typeof InteractionDetailsSchema>

const MAX_BUSINESSES = 200

/** What the merchant allows. It can only narrow what was asked for and what their roles allow. */
export const ConsentSchema = Type.Object(
  {
    scopes: Type.Array(StringEnum(SCOPES), { maxItems: SCOPES.length, uniqueItems: true }),
    /** Whether the client may see the shop's clients; default no. */
    clientData: Type.Optional(Type.Boolean()),
    /** Default: all, also those to come. */
    businessIds: Type.Optional(
      Type.Array(Type.String({ format: 'uuid' }), { minItems: 1, maxItems: MAX_BUSINESSES, uniqueItems: true }),
    ),
  },
  { additionalProperties: false },
)
export type Consent = Static<typeof ConsentSchema>
