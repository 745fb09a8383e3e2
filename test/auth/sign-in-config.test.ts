import { describe, expect, it } from 'vitest'
import { missingForOAuth, signInOf } from '../../src/auth/sign-in-config.ts'
import { loadConfig } from '../../src/config.ts'

const config = (env: Record<string, string>) =>
  loadConfig({ MCP_TOKEN_SECRET: '5f3c9a7d1e2b4f6a8c0d9e7b5a3f1c2d', FIREBASE_API_KEY: 'AIza-web', ...env })
const providers = (env: Record<string, string>) => signInOf(config(env), undefined)?.providers

describe('what the pages offer', () => {
  it('is the password alone without an auth domain, because all others need its pop-up', () => {
    expect(providers({})).toEqual(['password'])
    expect(providers({ FIREBASE_AUTH_DOMAIN: 'flowpos.firebaseapp.com' })).toEqual(['password', 'google.com'])
  })

  it('follows the setting, in its order, each once', () => {
    expect(
      providers({
        FIREBASE_AUTH_DOMAIN: 'flowpos.firebaseapp.com',
        FIREBASE_SIGN_IN_PROVIDERS: 'apple.com, oidc.okta,apple.com,saml.acme-1',
      }),
    ).toEqual(['apple.com', 'oidc.okta', 'saml.acme-1'])
  })

  it('is nothing without a key, or if pop-ups alone would be left', () => {
    expect(signInOf(config({ FIREBASE_API_KEY: '' }), undefined)).toBeNull()
    expect(signInOf(config({ FIREBASE_SIGN_IN_PROVIDERS: 'google.com' }), undefined)).toBeNull()
  })
})

it.each([
  [{}, undefined, ['PUBLIC_URL']],
  [{ PUBLIC_URL: 'https://api.flowpos.app' }, undefined, []],
  [{ FIREBASE_API_KEY: '' }, undefined, ['PUBLIC_URL', 'FIREBASE_API_KEY']],
  [
    { PUBLIC_URL: 'https://api.flowpos.app', FIREBASE_SIGN_IN_PROVIDERS: 'google.com' },
    undefined,
    ['FIREBASE_AUTH_DOMAIN'],
  ],
  [{ FIREBASE_API_KEY: '' }, 'http://127.0.0.1:9099', []],
])('with %j and the issuer %s, OAuth lacks %j', (env, identityUrl, missing) => {
  expect(missingForOAuth(config(env), identityUrl)).toEqual(missing)
})
