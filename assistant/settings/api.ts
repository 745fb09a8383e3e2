import type { Static } from '@sinclair/typebox'
import type { PageAccount, PageSettings } from '../../src/auth/assistant-page.ts'
import type * as schemas from '../../src/auth/schemas.ts'
import { NO_CONNECTION, signInWords } from '../service-words.ts'

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
 * @param onRefused runs when the service does not accept the sign-in any more
 */
export function createApi(idToken: () => Promise<string>, onRefused: () => Promise<void>) {
  const watched = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (error) {
      if (error instanceof Refusal && error.code === 'unauthenticated') await onRefused()
      throw error
    }
  }
  const asUser = async <T>(method: string, path: string, body?: object): Promise<T> =>
    watched(call<T>(method, path, body, await idToken()))

  return {
    account: () =>
      asUser<PageAccount>('GET', '/settings/mcp/account').catch((error) => {
        throw error instanceof Refusal ? new Error(signInWords(error)) : error
      }),
    generateToken: async (options: NewToken) =>
      watched(call<Grant>('POST', '/mcp/token', { firebaseIdToken: await idToken(), ...options })),
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
    throw new Error(NO_CONNECTION)
  })
  if (response.status === 204) return undefined as T
  const answer = (await response.json().catch(() => null)) as (T & { message?: string; code?: string }) | null
  if (response.ok && answer !== null) return answer
  throw new Refusal(
    answer?.code ?? 'unavailable',
    answer?.message ?? `FlowPOS answered with status ${response.status}. Try again in a moment.`,
  )
}

/** The service does not do what was asked, and says why. */
class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
