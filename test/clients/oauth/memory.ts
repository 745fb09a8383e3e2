const REDIRECT = 'http://127.0.0.1:33418/callback'

/** What an application stores for the OAuth part of an SDK. */
export function createMemory() {
  const kept = new Map<string, unknown>()
  const provider = {
    redirectUrl: REDIRECT,
    clientMetadata: { client_name: 'SDK client', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' },
    clientInformation: () => kept.get('client') as never,
    saveClientInformation: (client: unknown) => void kept.set('client', client),
    tokens: () => kept.get('tokens') as never,
    saveTokens: (tokens: unknown) => void kept.set('tokens', tokens),
    redirectToAuthorization: (url: URL) => void kept.set('url', url),
    saveCodeVerifier: (verifier: string) => void kept.set('verifier', verifier),
    codeVerifier: () => kept.get('verifier') as string,
    saveDiscoveryState: (state: unknown) => void kept.set('discovery', state),
    discoveryState: () => kept.get('discovery') as never,
  }
  return { provider, authorizationUrl: () => kept.get('url') as URL }
}
