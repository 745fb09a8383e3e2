import { createPrivateKey, hkdfSync, type JsonWebKey } from 'node:crypto'

const KEY_BYTES = 32
/** RFC 8410: the bytes before the 32 bytes of an Ed25519 private key in PKCS #8. */
const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

// All keys are derived from the token secret, so that all instances agree without another setting.
function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES))
}

/** Keys for the cookies of the authorization server; the first one signs. */
export function cookieKeys(secrets: readonly string[]): string[] {
  return secrets.map((secret) => derive(secret, 'flowpos oauth cookies').toString('base64url'))
}

/** The key that oidc-provider requires for ID tokens, although we issue none. */
export function idTokenKey(secret: string): JsonWebKey {
  const der = Buffer.concat([ED25519_PKCS8_PREFIX, derive(secret, 'flowpos oauth id tokens')])
  return { ...createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' }), alg: 'EdDSA' }
}
