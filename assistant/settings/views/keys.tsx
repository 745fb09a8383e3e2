import { useEffect, useState } from 'preact/hooks'
import { SCOPES, type Scope } from '../../../src/auth/scopes.ts'
import type { ApiKey, NewKey } from '../api.ts'
import { PATHS } from '../paths.ts'
import { useSession } from '../session.ts'
import { TEXT } from '../texts.ts'
import { localTime } from '../times.ts'
import { Confirmation, Facts, Field, Problem, type Question, useAttempt } from '../ui/parts.tsx'
import { requireOne, ScopeChoice } from '../ui/scope-choice.tsx'
import { type Secret, SecretCard } from '../ui/secret.tsx'

const words = TEXT.keys
const ROLES = ['tenant_developer', 'merchant'] as const

/** The API keys of the business, for its owners and admins. */
export function Keys() {
  const { business } = useSession()
  if (business.managesKeys) return <KeyManager key={business.id} />
  return (
    <p class="card">
      {words.refused} <a href={PATHS.token}>{TEXT.tabs.token}</a>
    </p>
  )
}

function KeyManager() {
  const { api, business, settings } = useSession()
  const [label, setLabel] = useState('')
  const [role, setRole] = useState<NewKey['role']>('tenant_developer')
  const [expiry, setExpiry] = useState('')
  const [scopes, setScopes] = useState<readonly Scope[]>(SCOPES)
  const [secret, setSecret] = useState<Secret>()
  const [keys, setKeys] = useState<ApiKey[]>()
  const [question, ask] = useState<Question>()
  const [status, setStatus] = useState('')
  const form = useAttempt()
  const list = useAttempt()
  const refresh = () => list.attempt(async () => setKeys(await api.keys(business.id)))
  useEffect(() => void refresh(), [])

  const create = (event: Event) => {
    event.preventDefault()
    void form.attempt(async () => {
      setSecret(undefined)
      requireOne(scopes)
      const { rawKey, key } = await api.createKey({
        businessId: business.id,
        label: label.trim(),
        role,
        scopes: [...scopes],
        ...(expiry === '' ? {} : { expiresAt: endOfDay(expiry) }),
      })
      setSecret({
        title: words.yours,
        value: rawKey,
        facts: [
          [words.label, key.label],
          [TEXT.business, business.name],
          [words.expires, key.expiresAt === null ? TEXT.never : localTime(key.expiresAt)],
          [words.permissions, key.scopes.map((scope) => TEXT.scopes[scope as Scope]).join('; ')],
        ],
      })
      setLabel('')
      setExpiry('')
      setScopes(SCOPES)
      await refresh()
    })
  }

  const askTo = (action: string, text: string, name: string, work: () => Promise<unknown>) =>
    ask({
      text,
      action,
      async work() {
        await work()
        setSecret(undefined)
        await refresh()
        setStatus(words.done(action, name))
      },
    })

  return (
    <>
      {secret !== undefined && <SecretCard secret={secret} mcpUrl={settings.mcpUrl} />}
      <form class="card" aria-labelledby="key-title" onSubmit={create}>
        <h2 id="key-title">{words.title}</h2>
        <p class="hint">{words.hint}</p>
        <Field label={words.label}>
          {(id) => (
            <input
              id={id}
              type="text"
              maxLength={100}
              required
              autocomplete="off"
              placeholder={words.labelExample}
              value={label}
              onInput={(event) => setLabel(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="columns">
          <Field label={words.role}>
            {(id) => (
              <select id={id} value={role} onChange={(event) => setRole(event.currentTarget.value as NewKey['role'])}>
                {ROLES.map((each) => (
                  <option key={each} value={each}>
                    {words.roles[each]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={words.expiry} isOptional>
            {(id) => (
              <input
                id={id}
                type="date"
                min={new Intl.DateTimeFormat('en-CA').format(new Date())}
                value={expiry}
                onInput={(event) => setExpiry(event.currentTarget.value)}
              />
            )}
          </Field>
        </div>
        <fieldset>
          <legend>{words.permissions}</legend>
          <ScopeChoice offered={SCOPES} chosen={scopes} choose={setScopes} />
        </fieldset>
        <Problem text={form.problem} />
        <button type="submit" class="primary" disabled={form.isBusy}>
          {words.create}
        </button>
      </form>
      <section class="below" aria-labelledby="keys-title">
        <h2 id="keys-title">{words.list}</h2>
        <Problem text={list.problem} />
        {keys?.length === 0 && <p class="hint">{words.none}</p>}
        <ul class="items">
          {keys?.map((key) => (
            <Item
              key={key.id}
              apiKey={key}
              revoke={() =>
                askTo(words.revoke, words.revokeQuestion(key.label), key.label, () => api.revokeKey(key.id))
              }
              remove={() =>
                askTo(words.remove, words.removeQuestion(key.label), key.label, () => api.deleteKey(key.id))
              }
            />
          ))}
        </ul>
      </section>
      <p class="unseen" role="status">
        {status}
      </p>
      <Confirmation question={question} close={() => ask(undefined)} />
    </>
  )
}

function Item({ apiKey, revoke, remove }: { apiKey: ApiKey; revoke(): void; remove(): void }) {
  const { label, isActive, role, scopes, createdAt, createdBy, expiresAt, lastUsedAt, makerHasLeft } = apiKey
  const state = stateOf(apiKey)
  const created = localTime(createdAt)
  return (
    <li class="item">
      <div class="item-head">
        <h3>
          {label} <span class={`badge ${state}`}>{words.states[state]}</span>
        </h3>
        {isActive && (
          <button type="button" class="danger" aria-label={`${words.revoke} ${label}`} onClick={revoke}>
            {words.revoke}
          </button>
        )}
        <button type="button" class="danger" aria-label={`${words.remove} ${label}`} onClick={remove}>
          {words.remove}
        </button>
      </div>
      <Facts
        facts={[
          [words.role, words.roles[role as keyof typeof words.roles] ?? role],
          [words.expires, expiresAt === null ? TEXT.never : localTime(expiresAt)],
          [words.created, createdBy === null ? created : words.by(created, createdBy)],
          makerHasLeft ? [words.attention, words.left] : undefined,
          [words.lastUsed, lastUsedAt === null ? TEXT.never : localTime(lastUsedAt)],
          [words.permissions, scopes.map((scope) => TEXT.scopes[scope as Scope]).join('; ')],
        ]}
      />
    </li>
  )
}

function stateOf({ isActive, expiresAt }: ApiKey): 'active' | 'revoked' | 'expired' {
  if (!isActive) return 'revoked'
  return expiresAt !== null && new Date(expiresAt) <= new Date() ? 'expired' : 'active'
}

/** The last second of a day in this browser's zone. */
function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString()
}
