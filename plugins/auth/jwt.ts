import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { authenticationRequired, GENERATE_NEW_TOKEN } from '../../src/auth/bearer.ts'
import { type McpTokenClaims, REFRESH_GRACE_SECONDS, type VerifiedMcpToken } from '../../src/auth/mcp-token.ts'
import { type Config, listOf } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { oauthAddresses } from '../../src/oauth/addresses.ts'
import type { Clock } from '../../src/time/clock.ts'

export interface JwtSigner {
  /** Signs a token with the current secret. */
  sign(claims: McpTokenClaims): { token: string; expiresAt: Date }
  /**
   * Verifies the signature, issuer, audience and expiry of a token.
   * @param graceSeconds how long after its expiry it is still accepted
   * @param audience RFC 8707: a token for one endpoint is not valid at the other
   * @throws ServiceError `unauthenticated` with a sentence the merchant can act on
   */
  verify(token: string, graceSeconds?: number, audience?: string): VerifiedMcpToken
  /** Whether a credential looks like a Firebase ID token: RS256, while ours are HS256. It may still be invalid. */
  isFirebaseToken(credential: string): boolean
  /** What the authorization server signs with. */
  signingKey: { kid: string; key: KeyObject }
}

declare module 'fastify' {
  interface FastifyInstance {
    jwtSigner: JwtSigner
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    namespaces: string
  }
}

/** MCP tokens: HS256 JWTs, signed with the current secret, verified with it or, during a rotation, an earlier one. */
export default fp<{ config: Config; clock: Clock }>(
  async (app, { config, clock }) => {
    const secrets = [...new Set([config.MCP_TOKEN_SECRET, ...listOf(config.MCP_TOKEN_PREVIOUS_SECRETS)])]
    const { issuer, resource } = oauthAddresses(config)
    const kids = secrets.map((secret) => createHash('sha256').update(secret).digest('hex').slice(0, 8))
    for (const [index, secret] of secrets.entries()) {
      const kid = kids[index] as string
      await app.register(fastifyJwt, {
        secret,
        namespace: kid,
        sign: { algorithm: 'HS256', kid, iss: config.MCP_TOKEN_ISSUER, aud: config.MCP_TOKEN_AUDIENCE },
        // Expiry is checked below, against the injected clock and with the grace period of a refresh.
        verify: {
          algorithms: ['HS256'],
          allowedIss: [config.MCP_TOKEN_ISSUER, issuer],
          allowedAud: [config.MCP_TOKEN_AUDIENCE, resource],
          requiredClaims: ['sub', 'jti', 'iat', 'exp'],
          ignoreExpiration: true,
        },
        decode: { complete: true },
      })
    }
    const jwts = new Map(kids.map((kid) => [kid, app.jwt[kid] as NonNullable<(typeof app.jwt)[string]>]))
    const current = jwts.get(kids[0] as string) as NonNullable<(typeof app.jwt)[string]>

    app.decorate('jwtSigner', {
      sign(claims) {
        const iat = Math.floor(clock().getTime() / 1000)
        const exp = iat + config.MCP_TOKEN_TTL_SECONDS
        return { token: current.sign({ ...claims, iat, exp }), expiresAt: new Date(exp * 1000) }
      },

      verify(token, graceSeconds = 0, audience = config.MCP_TOKEN_AUDIENCE) {
        const claims = verifySignature(token)
        if (claims.aud !== audience) throw authenticationRequired()
        const now = clock().getTime() / 1000
        if (claims.exp + graceSeconds <= now) {
          const refresh = claims.exp + REFRESH_GRACE_SECONDS > now ? ', or refresh it with POST /mcp/token/refresh' : ''
          throw new ServiceError('unauthenticated', `Your FlowPOS token has expired. ${GENERATE_NEW_TOKEN}${refresh}.`)
        }
        return claims
      },

      isFirebaseToken: (credential) => headerOf(credential)?.alg === 'RS256',

      signingKey: { kid: kids[0] as string, key: createSecretKey(Buffer.from(config.MCP_TOKEN_SECRET)) },
    } satisfies JwtSigner)

    // Keyed by the whole token. The verifier's own cache hashes it first, which costs more than all other checks of a
    // request.
    const verified = new LRUCache<string, VerifiedMcpToken>({ max: 1000 })

    /** The header of a JWT, unverified. */
    function headerOf(token: string): { alg?: unknown; kid?: unknown } | undefined {
      try {
        return current.decode<{ header: object }>(token)?.header
      } catch {
        return undefined
      }
    }

    function verifySignature(token: string): VerifiedMcpToken {
      const known = verified.get(token)
      if (known !== undefined) return known
      try {
        const jwt = jwts.get(String(headerOf(token)?.kid))
        if (jwt !== undefined) {
          const claims = jwt.verify<VerifiedMcpToken>(token)
          verified.set(token, claims)
          return claims
        }
      } catch {
        // Only a forger would profit from the reason.
      }
      throw authenticationRequired()
    }
  },
  { name: 'jwt', dependencies: [] },
)
