import type { Static } from '@sinclair/typebox'
import type { Activity } from '../../src/audit/activity.ts'
import type { PageAccount, PageSettings } from '../../src/auth/assistant-page.ts'
import type { AssistantPolicy } from '../../src/auth/assistant-policy.ts'
import type * as assistants from '../../src/auth/connected-assistants.ts'
import type * as schemas from '../../src/auth/schemas.ts'
import type { Scope } from '../../src/auth/scopes.ts'
import { NO_CONNECTION, serviceWords } from '../service-words.ts'
import { TEXT } from './texts.ts'

/** A `T` after its way through JSON, where a Date becomes text. */
type FromJson<T> = T extends Date ? string : { [K in keyof T]: FromJson<T[K]> }

export type Grant = FromJson<schemas.TokenGrant>
export type LiveToken = FromJson<schemas.LiveToken>
export type ApiKey = FromJson<schemas.ApiKey>
export type ConnectedAssistant = FromJson<assistants.ConnectedAssistant>
export type Policy = { isEnabled: AssistantPolicy['isEnabled']; allowedClients: string[] | null }
export type NewKey = schemas.NewKey
export type { Activity }

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
  const query = (fields: Record<string, string>) => new URLSearchParams(fields)

  return {
    account: () => asUser<PageAccount>('GET', '/settings/mcp/account'),
    generateToken: async (options: NewToken) =>
      watched(call<Grant>('POST', '/mcp/token', { firebaseIdToken: await idToken(), ...options })),
    tokens: async () => (await asUser<{ tokens: LiveToken[] }>('GET', '/mcp/tokens')).tokens,
    revokeToken: (jti: string) => asUser('POST', '/mcp/token/revoke', { jti }),
    keys: async (businessId: string) =>
      (await asUser<{ keys: ApiKey[] }>('GET', `/mcp/keys?${query({ businessId })}`)).keys,
    createKey: (key: NewKey) => asUser<{ rawKey: string; key: ApiKey }>('POST', '/mcp/keys', key),
    revokeKey: (id: string) => asUser('PATCH', `/mcp/keys/${encodeURIComponent(id)}/revoke`),
    deleteKey: (id: string) => asUser('DELETE', `/mcp/keys/${encodeURIComponent(id)}`),
    assistants: (businessId: string) =>
      asUser<{ policy: Policy; assistants: ConnectedAssistant[] }>('GET', `/mcp/assistants?${query({ businessId })}`),
    endAssistant: (businessId: string, which: { id: string } | { all: true }) =>
      asUser<{ ended: number }>('POST', '/mcp/assistants/end', { businessId, ...which }),
    changePolicy: (businessId: string, change: Partial<Policy>) =>
      asUser<Policy>('PATCH', '/mcp/assistants/policy', { businessId, ...change }),
    activity: (fields: Record<string, string>) =>
      asUser<{ rows: Activity[]; nextCursor: string | null }>('GET', `/mcp/activity?${query(fields)}`),
    activityFile: async (fields: Record<string, string>) => {
      const headers = { authorization: `Bearer ${await idToken()}` }
      const response = await fetch(`/mcp/activity.csv?${query(fields)}`, { headers })
      if (!response.ok) throw await refusalOf(response)
      return response.blob()
    },

    /** Asks the endpoint for its tools with a token that lives only for this. @returns their number, and how long it took */
    async test(scopes: Scope[]): Promise<{ tools: number; milliseconds: number }> {
      const { accessToken } = await this.generateToken({ label: TEXT.connect.testLabel, scopes })
      try {
        const started = performance.now()
        const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
        const answer = await call<{ result?: { tools: unknown[] } }>('POST', '/mcp', list, accessToken)
        const milliseconds = Math.round(performance.now() - started)
        if (answer.result === undefined) throw new Error(serviceWords({ code: 'unavailable', message: '' }))
        return { tools: answer.result.tools.length, milliseconds }
      } finally {
        const [, claims = ''] = accessToken.split('.')
        const { jti } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))) as { jti: string }
        await call('POST', '/mcp/token/revoke', { jti }, accessToken)
      }
    },
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
  if (!response.ok) throw await refusalOf(response)
  return (await response.json()) as T
}

/** The service does not do what was asked, and says why. */
export class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

async function refusalOf(response: Response): Promise<Refusal> {
  const answer = (await response.json().catch(() => null)) as { message?: string; code?: string } | null
  const code = answer?.code ?? 'unavailable'
  return new Refusal(code, serviceWords({ code, message: answer?.message ?? '' }))
}
