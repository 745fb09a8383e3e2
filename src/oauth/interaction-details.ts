import { type Static, Type } from '@sinclair/typebox'
import { SCOPES } from '../auth/scopes.ts'
import { StringEnum } from '../results/schema.ts'

/** Who asks, in words for the merchant. */
const asking = {
  client: Type.String(),
  /** Where the browser goes afterwards. */
  destination: Type.String(),
}

/** What the page of an authorization request shows: first to sign in, then to let the client in. */
export const InteractionDetailsSchema = Type.Union([
  Type.Object({
    prompt: Type.Literal('login'),
    ...asking,
    /** Identity Toolkit's signInWithPassword, with its key. */
    signInUrl: Type.String(),
  }),
  Type.Object({
    prompt: Type.Literal('consent'),
    ...asking,
    /** By name. */
    businesses: Type.Array(Type.String()),
    /** What would be granted; none when the roles allow nothing of what is asked for. */
    scopes: Type.Array(StringEnum(SCOPES)),
  }),
])
export type InteractionDetails = Static<typeof InteractionDetailsSchema>
