import type { Scope } from './scopes.ts'

/** The claims of an MCP token beside `iss`, `aud`, `iat` and `exp`, which the signer adds. */
export interface McpTokenClaims {
  /** User id. */
  sub: string
  jti: string
  scopes: Scope[]
  /** Active business at the exchange. */
  business: string
}

/** A verified token. */
export interface VerifiedMcpToken extends McpTokenClaims {
  aud: string
  /** Of a token for `/mcp/connect`: the connection it belongs to, whose row lives on while tokens are renewed. */
  sid?: string
  /** Seconds since 1970. */
  iat: number
  exp: number
}

/** How long after its expiry a token can still be refreshed. */
export const REFRESH_GRACE_SECONDS = 7 * 24 * 3600
