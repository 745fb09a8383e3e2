import { type Static, Type } from '@sinclair/typebox'
import { Nullable, NullableText } from '../results/schema.ts'
import { Scopes } from './schemas.ts'

/** What the AI Assistant page needs to know about the service. Nothing in it is secret. */
export const PageSettingsSchema = Type.Object({
  mcpUrl: Type.String(),
  /** Null if the operator has not configured the sign-in. */
  firebase: Nullable(Type.Object({ apiKey: Type.String(), projectId: NullableText, authDomain: NullableText })),
  /** Development issuer in Firebase's place; null in production. */
  identityUrl: NullableText,
})
export type PageSettings = Static<typeof PageSettingsSchema>

/** What the signed-in person may do on the page. */
export const PageAccountSchema = Type.Object({
  /** Those that a token can have. */
  scopes: Scopes,
  businesses: Type.Array(
    Type.Object({ id: Type.String(), name: Type.String(), role: Type.String(), managesKeys: Type.Boolean() }),
  ),
})
export type PageAccount = Static<typeof PageAccountSchema>
