import type { PageAccount } from '../../src/auth/assistant-page.ts'
import { attempt, byId, confirmed, element, localTime, localZone } from '../dom.ts'
import type { Api, LiveToken } from './api.ts'
import { chosenScopes, offerScopes } from './scopes.ts'
import { factsOf, forgetSecret, showSecret } from './secret.ts'

/** The view of `/settings/mcp`: generate a token, see and revoke the live ones. */
export async function openTokens(api: Api, { scopes, businesses }: PageAccount, mcpUrl: string): Promise<void> {
  const form = byId('token-form', HTMLFormElement)
  const label = byId('token-label', HTMLInputElement)
  const boxes = byId('token-scopes', HTMLElement)
  const list = byId('token-list', HTMLElement)
  offerScopes(boxes, scopes)

  form.onsubmit = (event) => {
    event.preventDefault()
    void attempt(form, async () => {
      forgetSecret()
      const chosen = chosenScopes(boxes)
      const name = label.value.trim()
      const grant = await api.generateToken({
        ...(name === '' ? {} : { label: name }),
        // Without a narrower choice, the token follows the roles.
        ...(chosen.length === scopes.length ? {} : { scopes: chosen }),
      })
      showSecret(mcpUrl, {
        title: 'Your token',
        value: grant.accessToken,
        facts: [
          ['Expires', `${localTime(grant.expiresAt)} (${localZone()})`],
          ['Businesses', grant.authorizedBusinesses.map((business) => business.name).join(', ')],
          ['Permissions', grant.scopes.join(', ')],
        ],
      })
      form.reset()
      await refresh()
    })
  }

  async function refresh(): Promise<void> {
    const tokens = await api.tokens()
    list.replaceChildren(...tokens.map(card))
    byId('token-none', HTMLElement).hidden = tokens.length > 0
  }

  function card(token: LiveToken): HTMLElement {
    const name = token.label ?? 'Unnamed token'
    const revoke = element('button', { type: 'button', className: 'danger' }, 'Revoke')
    revoke.setAttribute('aria-label', `Revoke ${name}`)
    const item = element(
      'li',
      { className: 'item' },
      element('div', { className: 'item-head' }, element('h3', {}, name), revoke),
      element(
        'dl',
        {},
        ...factsOf([
          ['Expires', localTime(token.expiresAt)],
          ['Created', `${localTime(token.createdAt)}, ${clientName(token.client)}`],
          [
            'Last used',
            token.lastUsedAt === null
              ? 'Never'
              : [localTime(token.lastUsedAt), token.usedBy].filter(Boolean).join(', '),
          ],
          ['Permissions', permissionsOf(token)],
          ...(token.businessIds === null ? [] : [['Businesses', namesOf(token.businessIds)] as [string, string]]),
        ]),
      ),
      problem(),
    )
    revoke.addEventListener('click', async () => {
      if (!(await confirmed(`Revoke “${name}”? Assistants that use it are cut off within a minute.`, 'Revoke'))) return
      await attempt(item, async () => {
        await api.revokeToken(token.jti)
        forgetSecret()
        await refresh()
        byId('status', HTMLElement).textContent = `${name} is revoked.`
      })
    })
    return item
  }

  function namesOf(ids: string[]): string {
    return businesses.flatMap(({ id, name }) => (ids.includes(id) ? [name] : [])).join(', ')
  }

  await refresh()
}

function permissionsOf({ scopes, clientData }: LiveToken): string {
  const granted = scopes?.join(', ') ?? 'All of your roles'
  return clientData ? granted : `${granted}; without clients’ data`
}

/** An element for what went wrong with an item. */
export function problem(): HTMLElement {
  const place = element('p', { className: 'problem', hidden: true })
  place.role = 'alert'
  return place
}

function clientName(userAgent: string | null): string {
  if (userAgent === null) return 'unknown client'
  return userAgent.startsWith('Mozilla/') ? 'web browser' : (userAgent.split(' ')[0] as string)
}
