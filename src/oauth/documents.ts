import { keyOf } from './adapter.ts'
import type { Provider } from './oidc-provider.ts'
import type { createPublicFetch } from './public-fetch.ts'
import type { OAuthStore } from './store.ts'

type Client = InstanceType<Provider['Client']> & {
  clientIdMetadataDocument?: boolean
  jwksUri?: string
  asymmetricKeyStore: Iterable<object>
}

/** Statuses with which a host takes its document back. */
const GONE = new Set([404, 410])

/**
 * The documents of clients that merchants have connected are kept, and used while their hosts cannot be reached or turn
 * us away: an outage elsewhere must not end a connection.
 */
export function createDocuments(fetch: ReturnType<typeof createPublicFetch>, store: OAuthStore) {
  const key = (url: string) => keyOf('Document', url)

  return {
    /** Fetches a document or keys; takes what was kept if that fails. */
    async fetch(url: string, init: RequestInit = {}): Promise<Response> {
      const answer = await fetch(url, init).catch((failure: Error) => failure)
      if (answer instanceof Response && (answer.status === 200 || GONE.has(answer.status))) return answer
      const kept = await store.find(key(url))
      if (kept !== null) return new Response(kept.value)
      if (answer instanceof Response) return answer
      throw answer
    },

    /** Keeps the document and the keys of a client that has just been given a token. */
    async keep(client: InstanceType<Provider['Client']>, ttlSeconds: number): Promise<void> {
      const { clientIdMetadataDocument: isDocument, clientId, jwksUri, asymmetricKeyStore } = client as Client
      if (isDocument !== true) return
      const keys = [...asymmetricKeyStore]
      await Promise.all([
        store.save(key(clientId), JSON.stringify(client.metadata()), ttlSeconds),
        jwksUri === undefined || keys.length === 0
          ? undefined
          : store.save(key(jwksUri), JSON.stringify({ keys }), ttlSeconds),
      ])
    },
  }
}
