import type { PageAccount } from '../../src/auth/assistant-page.ts'
import { SCOPES } from '../../src/auth/scopes.ts'
import { attempt, byId, confirmed, element, localTime } from '../dom.ts'
import type { Api, ApiKey, NewKey } from './api.ts'
import { chosenScopes, offerScopes } from './scopes.ts'
import { factsOf, forgetSecret, showSecret } from './secret.ts'
import { problem } from './tokens.ts'

/** The view of `/settings/mcp/v1`: the API keys of a business, for its owners and admins. */
export async function openKeys(api: Api, { businesses }: PageAccount, mcpUrl: string): Promise<void> {
  const managed = businesses.filter(({ managesKeys }) => managesKeys)
  byId('key-manager', HTMLElement).hidden = managed.length === 0
  byId('key-refused', HTMLElement).hidden = managed.length > 0
  if (managed.length === 0) return

  const chooser = byId('key-business', HTMLSelectElement)
  const form = byId('key-form', HTMLFormElement)
  const boxes = byId('key-scopes', HTMLElement)
  const expiry = byId('key-expiry', HTMLInputElement)
  const list = byId('key-list', HTMLElement)
  chooser.replaceChildren(...managed.map(({ id, name }) => element('option', { value: id }, name)))
  offerScopes(boxes, SCOPES)
  expiry.min = new Intl.DateTimeFormat('en-CA').format(new Date())

  chooser.onchange = () => {
    forgetSecret()
    void attempt(byId('key-business-form', HTMLElement), refresh)
  }

  form.onsubmit = (event) => {
    event.preventDefault()
    void attempt(form, async () => {
      forgetSecret()
      const { rawKey, key } = await api.createKey({
        businessId: chooser.value,
        label: byId('key-label', HTMLInputElement).value.trim(),
        role: byId('key-role', HTMLSelectElement).value as NewKey['role'],
        scopes: chosenScopes(boxes),
        ...(expiry.value === '' ? {} : { expiresAt: endOfDay(expiry.value) }),
      })
      showSecret(mcpUrl, {
        title: 'Your API key',
        value: rawKey,
        facts: [
          ['Label', key.label],
          ['Business', chooser.selectedOptions[0]?.textContent ?? ''],
          ['Expires', key.expiresAt === null ? 'Never' : localTime(key.expiresAt)],
          ['Permissions', key.scopes.join(', ')],
        ],
      })
      form.reset()
      await refresh()
    })
  }

  async function refresh(): Promise<void> {
    const wanted = chooser.value
    list.replaceChildren()
    const keys = await api.keys(wanted)
    // The person may have chosen another business in the meantime.
    if (chooser.value !== wanted) return
    list.replaceChildren(...keys.map(card))
    byId('key-none', HTMLElement).hidden = keys.length > 0
  }

  function card(key: ApiKey): HTMLElement {
    const item = element('li', { className: 'item' })
    const status = statusOf(key)
    const action = (name: string, question: string, work: () => Promise<unknown>) => {
      const button = element('button', { type: 'button', className: 'danger' }, name)
      button.setAttribute('aria-label', `${name} ${key.label}`)
      button.addEventListener('click', async () => {
        if (!(await confirmed(question, name))) return
        await attempt(item, async () => {
          await work()
          forgetSecret()
          await refresh()
          byId('status', HTMLElement).textContent = `${name}: done for ${key.label}.`
        })
      })
      return button
    }
    const revoke = action('Revoke', `Revoke “${key.label}”? Whatever uses it is cut off within a minute.`, () =>
      api.revokeKey(key.id),
    )
    const remove = action('Delete', `Delete “${key.label}” for good? It stays in the records of what was done.`, () =>
      api.deleteKey(key.id),
    )
    item.append(
      element(
        'div',
        { className: 'item-head' },
        element('h3', {}, key.label, ' ', element('span', { className: `badge ${status.toLowerCase()}` }, status)),
        ...(key.isActive ? [revoke] : []),
        remove,
      ),
      element(
        'dl',
        {},
        ...factsOf([
          ['Role', key.role],
          ['Expires', key.expiresAt === null ? 'Never' : localTime(key.expiresAt)],
          [
            'Created',
            key.createdBy === null ? localTime(key.createdAt) : `${localTime(key.createdAt)} by ${key.createdBy}`,
          ],
          ...(key.makerHasLeft ? ([['Attention', LEFT]] as [string, string][]) : []),
          ['Last used', key.lastUsedAt === null ? 'Never' : localTime(key.lastUsedAt)],
          ['Permissions', key.scopes.join(', ')],
        ]),
      ),
      problem(),
    )
    return item
  }

  await refresh()
}

function statusOf({ isActive, expiresAt }: ApiKey): 'Active' | 'Revoked' | 'Expired' {
  if (!isActive) return 'Revoked'
  return expiresAt !== null && new Date(expiresAt) <= new Date() ? 'Expired' : 'Active'
}

const LEFT = 'Who made it has left the business. The key ends within a day of that: make a new one.'

/** The last second of a day in this browser's zone. */
function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString()
}
