import type { Static } from '@sinclair/typebox'
import type { PageAccount, PageSettings } from '../../src/auth/assistant-page.ts'
import type * as schemas from '../../src/auth/schemas.ts'

/** A `T` after its way through JSON, where a Date becomes text. */
type FromJson<T> = T extends Date ? string : { [K in keyof T]: FromJson<T[K]> }

export type Grant = FromJson<schemas.TokenGrant>
export type LiveToken = FromJson<schemas.LiveToken>
export type ApiKey = FromJson<schemas.ApiKey>
export type NewKey = schemas.NewKey
type NewToken = Omit<Static<typeof schemas.TokenRequestSchema>, 'firebaseIdToken'>

export type Api = ReturnType<typeof createApi>

/** What the page needs before anybody signs in. */
export function readSettings(): Promise<PageSettings> {
  return call('GET', '/settings/mcp/settings.json')
}

/**
 * Calls to the service as the signed-in person.
 * @param idToken returns a Firebase ID token that is valid now
 */
export function createApi(idToken: () => Promise<string>) {
  const asUser = async <T>(method: string, path: string, body?: object): Promise<T> =>
    call<T>(method, path, body, await idToken())

  return {
    account: () => asUser<PageAccount>('GET', '/settings/mcp/account'),
    generateToken: async (options: NewToken) =>
      call<Grant>('POST', '/mcp/token', { firebaseIdToken: await idToken(), ...options }),
    tokens: async () => (await asUser<{ tokens: LiveToken[] }>('GET', '/mcp/tokens')).tokens,
    revokeToken: (jti: string) => asUser('POST', '/mcp/token/revoke', { jti }),
    keys: async (businessId: string) =>
      (await asUser<{ keys: ApiKey[] }>('GET', `/mcp/keys?businessId=${encodeURIComponent(businessId)}`)).keys,
    createKey: (key: NewKey) => asUser<{ rawKey: string; key: ApiKey }>('POST', '/mcp/keys', key),
    revokeKey: (id: string) => asUser('PATCH', `/mcp/keys/${encodeURIComponent(id)}/revoke`),
    deleteKey: (id: string) => asUser('DELETE', `/mcp/keys/${encodeURIComponent(id)}`),
  }
}

async function call<T>(method: string, path: string, body?: object, bearer?: string): Promise<T> {
  const headers = new Headers()
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`)
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(path, init).catch(() => {
    throw new Error('FlowPOS cannot be reached. Check your connection and try again.')
  })
  if (response.status === 204) return undefined as T
  const answer = (await response.json().catch(() => null)) as (T & { message?: string }) | null
  if (response.ok && answer !== null) return answer
  throw new Error(answer?.message ?? `FlowPOS answered with status ${response.status}. Try again in a moment.`)
}
