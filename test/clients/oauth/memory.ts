const REDIRECT = 'http://127.0.0.1:33418/callback'

/** What an application stores for the OAuth part of an SDK. */
export interface Memory {
  provider: ReturnType<typeof providerOf>
  /** Where the SDK has sent the browser. */
  authorizationUrl(): URL
  /** The memory of a further process, which has read the same and writes for itself. */
  copy(): Memory
}

/** @param kept what an earlier process left */
export function createMemory(kept = new Map<string, unknown>()): Memory {
  return {
    provider: providerOf(kept),
    authorizationUrl: () => kept.get('url') as URL,
    copy: () => createMemory(new Map(kept)),
  }
}

function providerOf(kept: Map<string, unknown>) {
  return {
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
}
