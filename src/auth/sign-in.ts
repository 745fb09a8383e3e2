import { type Static, Type } from '@sinclair/typebox'
import { NullableText } from '../results/schema.ts'

/** How people sign in on the pages. Nothing in it is secret. */
export const SignInSchema = Type.Object({
  apiKey: Type.String(),
  projectId: NullableText,
  /** Domain of Firebase's pop-ups; null if there are none. */
  authDomain: NullableText,
  /** Firebase's names of what the pages offer, in their order. */
  providers: Type.Array(Type.String()),
  /** Whether Google's reCAPTCHA may run on the pages. */
  recaptcha: Type.Boolean(),
  /** Development issuer in Firebase's place; null in production. */
  identityUrl: NullableText,
})
export type SignIn = Static<typeof SignInSchema>
