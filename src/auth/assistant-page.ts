import { type Static, Type } from '@sinclair/typebox'
import { Nullable } from '../results/schema.ts'
import { Scopes } from './schemas.ts'
import { SignInSchema } from './sign-in.ts'

/** What the AI Assistant page needs to know about the service. Nothing in it is secret. */
export const PageSettingsSchema = Type.Object({
  mcpUrl: Type.String(),
  /** The address of clients that sign in by themselves; null if this is switched off. */
  connectUrl: Nullable(Type.String()),
  links: Type.Object({
    website: Nullable(Type.String()),
    privacy: Nullable(Type.String()),
    terms: Nullable(Type.String()),
    support: Nullable(Type.String()),
  }),
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
