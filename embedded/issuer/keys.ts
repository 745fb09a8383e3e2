import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'

export interface SigningKey {
  kid: string
  privateKey: KeyObject
}

export type Claims = Record<string, unknown>
export type KeyRing = ReturnType<typeof createKeyRing>

const makeKeyPair = promisify(generateKeyPair)

/** A new signing key. */
export async function makeKey(): Promise<SigningKey> {
  const { privateKey } = await makeKeyPair('rsa', { modulusLength: 2048 })
  return { kid: randomBytes(20).toString('hex'), privateKey }
}

/** A stored signing key. */
export function readKey({ kid, privateKeyPem }: { kid: string; privateKeyPem: string }): SigningKey {
  return { kid, privateKey: createPrivateKey(privateKeyPem) }
}

/** The keys of an issuer; the first one signs. */
export function createKeyRing(initial: SigningKey[]) {
  let keys = initial
  const publicKey = (key: SigningKey) => createPublicKey(key.privateKey)
  return {
    all: () => keys,
    current(): SigningKey {
      const [first] = keys
      if (!first) throw new Error('The issuer needs a signing key.')
      return first
    },
    find: (kid: unknown) => keys.filter((key) => key.kid === kid).map(publicKey)[0],
    published: () =>
      Object.fromEntries(
        keys.map((key) => [key.kid, publicKey(key).export({ type: 'spki', format: 'pem' }).toString()]),
      ),
    replace(next: SigningKey[]) {
      keys = next
    },
  }
}

/** A JWT with an RS256 signature. */
export function signJwt(claims: Claims, key: SigningKey): string {
  const signed = `${encodePart({ alg: 'RS256', kid: key.kid, typ: 'JWT' })}.${encodePart(claims)}`
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key.privateKey).toString('base64url')}`
}

/** The claims of a JWT that one of the keys signed; undefined for any other. */
export function verifyJwt(token: string, keys: KeyRing): Claims | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const key = keys.find(decodePart(header).kid)
  const signed = Buffer.from(`${header}.${payload}`)
  const isGenuine = key && verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url'))
  return isGenuine ? decodePart(payload) : undefined
}

/** An object as a part of a token. */
export function encodePart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The object in a part of a token; an empty object if there is none. */
export function decodePart(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
