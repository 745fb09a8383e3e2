import type { Scope } from './scopes.ts'

/** The claims of an MCP token besides `iss`, `aud`, `iat` and `exp`, which the signer adds. */
export interface McpTokenClaims {
  /** User id. */
  sub: string
  jti: string
  scopes: Scope[]
  /** The active business at the time of the exchange. */
  business: string
}

/** A verified token. */
export interface VerifiedMcpToken extends McpTokenClaims {
  aud: string
  /** For a token for `/mcp/connect`: its connection, whose row stays while tokens are renewed. */
  sid?: string
  /** For such a token: its scopes (RFC 9068), `clients:read` among them if it may see clients. */
  scope?: string
  /** Seconds since 1970. */
  iat: number
  exp: number
}

/** How long after its expiry a token can still be refreshed. */
export const REFRESH_GRACE_SECONDS = 7 * 24 * 3600
