import { type Static, Type } from '@sinclair/typebox'
import { Nullable } from '../results/schema.ts'
import { Scopes } from './schemas.ts'
import { SignInSchema } from './sign-in.ts'

/** What the AI Assistant page needs to know about the service. Nothing in it is secret. */
export const PageSettingsSchema = Type.Object({
  mcpUrl: Type.String(),
  /** Null if the operator has not configured the sign-in. */
  signIn: Nullable(SignInSchema),
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
