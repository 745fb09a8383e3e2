import fastifyJwt, { type FastifyJWTOptions, type JWT } from '@fastify/jwt'
import Fastify from 'fastify'

export interface TokenClaims {
  sub: string
  scopes: string[]
  exp: number
}

/** How the service verifies its tokens. */
export function jwtOptions(secret: string): FastifyJWTOptions {
  return {
    secret,
    verify: {
      algorithms: ['HS256'],
      allowedIss: 'https://api.flowpos.app',
      allowedAud: 'flowpos-mcp',
      requiredClaims: ['sub', 'jti', 'iat', 'exp'],
      cache: 1000,
    },
  }
}

/** The same verification without a Fastify server around it. */
export async function createVerifier(secret: string): Promise<(token: string) => TokenClaims> {
  const app = Fastify()
  await app.register(fastifyJwt, jwtOptions(secret))
  await app.ready()
  const jwt = app.jwt as unknown as JWT
  return (token) => jwt.verify<TokenClaims>(token)
}
