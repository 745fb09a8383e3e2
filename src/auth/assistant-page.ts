import type { Scope } from './scopes.ts'

/** What the AI Assistant page needs to know of the service. Nothing in it is secret. */
export interface PageSettings {
  mcpUrl: string
  /** null: the operator has not configured the sign-in. */
  firebase: { apiKey: string; projectId: string | null; authDomain: string | null } | null
  /** Development issuer in Firebase's place; null in production. */
  identityUrl: string | null
}

/** What the signed-in person may do on the page. */
export interface PageAccount {
  /** The scopes that a token can have. */
  scopes: Scope[]
  businesses: { id: string; name: string; role: string; managesKeys: boolean }[]
}
