import type { Config } from '../config.ts'

/** The addresses for clients that sign in by themselves. */
export interface OAuthAddresses {
  origin: string
  /** Issuer identifier of the authorization server. */
  issuer: string
  /** The MCP endpoint for these clients; the audience of their tokens. */
  resource: string
  /** RFC 9728: metadata of the endpoint. */
  resourceMetadata: string
}

export const ISSUER_PATH = '/oauth'
export const CONNECT_PATH = '/mcp/connect'
export const RESOURCE_METADATA_PATH = `/.well-known/oauth-protected-resource${CONNECT_PATH}`

/** The addresses of an installation: the same on every instance and for every Host header. */
export function oauthAddresses({ PUBLIC_URL, PORT }: Pick<Config, 'PUBLIC_URL' | 'PORT'>): OAuthAddresses {
  const { origin } = new URL(PUBLIC_URL ?? `http://localhost:${PORT}`)
  return {
    origin,
    issuer: origin + ISSUER_PATH,
    resource: origin + CONNECT_PATH,
    resourceMetadata: origin + RESOURCE_METADATA_PATH,
  }
}
