import { keyOf } from './adapter.ts'
import { errors, type Provider } from './oidc-provider.ts'
import type { createPublicFetch } from './public-fetch.ts'
import type { OAuthStore } from './store.ts'

type Client = InstanceType<Provider['Client']> & {
  clientIdMetadataDocument?: boolean
  asymmetricKeyStore: Iterable<object> & { refresh(): Promise<void> }
}

/** Statuses with which a host takes its document back. */
const GONE = new Set([404, 410])
/** From the beginning of a sign-in until the client fetches its first token. */
const BEGUN_TTL_SECONDS = 3600
/** How long no host is asked again for what is kept. A client's new keys are taken within this time. */
const ASKED_TTL_SECONDS = 60

/**
 * The documents and keys of clients are kept from the beginning of a sign-in, and for long if merchants have connected
 * the client. So an outage elsewhere does not end a connection, and strangers can cause fetches only by beginning a
 * sign-in, which is counted.
 */
export function createDocuments(fetch: ReturnType<typeof createPublicFetch>, store: OAuthStore) {
  const begunKey = (url: string) => keyOf('BegunDocument', url)
  const connectedKey = (url: string) => keyOf('Document', url)
  const askedKey = (url: string) => keyOf('DocumentAsked', url)

  async function findKept(url: string): Promise<string | undefined> {
    const [begun, connected] = await Promise.all([store.find(begunKey(url)), store.find(connectedKey(url))])
    return (begun ?? connected)?.value
  }

  /** What is kept of a client, by address: its document and the keys that its metadata point to. */
  function partsOf(client: Client): [url: string, text: string][] {
    const { clientIdMetadataDocument: isDocument, clientId, jwksUri, asymmetricKeyStore } = client
    const keys = jwksUri === undefined ? [] : [...asymmetricKeyStore]
    return [
      ...(isDocument === true ? [[clientId, JSON.stringify(client.metadata())] as [string, string]] : []),
      ...(jwksUri !== undefined && keys.length > 0 ? [[jwksUri, JSON.stringify({ keys })] as [string, string]] : []),
    ]
  }

  return {
    /**
     * Fetches a document or keys; takes what was kept if that fails.
     * @param isBeginning whether a sign-in is being begun; otherwise a host is asked only for what is kept, and rarely
     */
    async fetch(url: string, init: RequestInit, isBeginning: boolean): Promise<Response> {
      const kept = await findKept(url)
      if (!isBeginning) {
        if (kept === undefined) throw new errors.InvalidClient('no sign-in was begun with this client')
        const asked = await store.find(askedKey(url))
        if (asked !== null) return asked.value === '' ? new Response(kept) : new Response(null, { status: 404 })
      }
      await store.save(askedKey(url), '', ASKED_TTL_SECONDS)
      const answer = await fetch(url, init).catch((failure: Error) => failure)
      if (answer instanceof Response) {
        if (answer.status === 200) return answer
        if (GONE.has(answer.status)) {
          await store.save(askedKey(url), 'gone', ASKED_TTL_SECONDS)
          return answer
        }
      }
      if (kept !== undefined) return new Response(kept)
      if (answer instanceof Response) return answer
      throw answer
    },

    /** Keeps the document and the keys of a client with which a sign-in was begun. */
    async keepBegun(found: InstanceType<Provider['Client']>): Promise<void> {
      const client = found as Client
      if (client.jwksUri !== undefined && client.clientAuthMethod === 'private_key_jwt') {
        const refresh = () => client.asymmetricKeyStore.refresh()
        // Once more, since without keys the sign-in fails only at its end, where the client is told why.
        await refresh()
          .catch(refresh)
          .catch(() => {})
      }
      await Promise.all(partsOf(client).map(([url, text]) => store.save(begunKey(url), text, BEGUN_TTL_SECONDS)))
    },

    /** Keeps the document and the keys of a client that has just been given a token. */
    async keep(client: InstanceType<Provider['Client']>, ttlSeconds: number): Promise<void> {
      await Promise.all(
        partsOf(client as Client).map(async ([url, text]) => {
          await store.save(connectedKey(url), text, ttlSeconds)
          await store.remove(begunKey(url))
        }),
      )
    },
  }
}
