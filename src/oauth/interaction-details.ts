import { type Static, Type } from '@sinclair/typebox'
import { SCOPES } from '../auth/scopes.ts'
import { SignInSchema } from '../auth/sign-in.ts'
import { StringEnum } from '../results/schema.ts'

/** Who asks, in words that the merchant understands. */
const asking = {
  client: Type.String(),
  /** Where the browser goes afterwards. */
  destination: Type.String(),
}

/** What the page of an authorization request shows: first the sign-in, then the approval of the client. */
export const InteractionDetailsSchema = Type.Union([
  Type.Object({
    prompt: Type.Literal('login'),
    ...asking,
    /** The destination, for words in the merchant's language. */
    place: Type.Object({ host: Type.String(), kind: StringEnum(['site', 'computer', 'device']) }),
    signIn: SignInSchema,
  }),
  Type.Object({
    prompt: Type.Literal('consent'),
    ...asking,
    /** Names of the businesses. */
    businesses: Type.Array(Type.String()),
    /** What would be granted; empty if the roles allow none of the requested scopes. */
    scopes: Type.Array(StringEnum(SCOPES)),
  }),
])
export type InteractionDetails = Static<typeof InteractionDetailsSchema>
