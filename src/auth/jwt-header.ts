/** The header of a JWT, of which nothing is verified; empty for what is none. */
export function jwtHeader(token: string): { alg?: unknown; kid?: unknown } {
  try {
    return Object(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()))
  } catch {
    return {}
  }
}
