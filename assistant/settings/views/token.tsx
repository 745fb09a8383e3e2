import { useEffect, useState } from 'preact/hooks'
import type { Scope } from '../../../src/auth/scopes.ts'
import type { LiveToken } from '../api.ts'
import { clientName } from '../connect/client-names.ts'
import { useSession } from '../session.ts'
import { TEXT } from '../texts.ts'
import { localTime, localZone } from '../times.ts'
import { Confirmation, Facts, Field, Problem, type Question, useAttempt } from '../ui/parts.tsx'
import { requireOne, ScopeChoice } from '../ui/scope-choice.tsx'
import { type Secret, SecretCard } from '../ui/secret.tsx'

const words = TEXT.token

/** Tokens: generates one, lists the live ones, ends them. */
export function Token() {
  const { api, account, settings } = useSession()
  const [label, setLabel] = useState('')
  const [scopes, setScopes] = useState<readonly Scope[]>(account.scopes)
  const [secret, setSecret] = useState<Secret>()
  const [tokens, setTokens] = useState<LiveToken[]>()
  const [question, ask] = useState<Question>()
  const [status, setStatus] = useState('')
  const form = useAttempt()
  const list = useAttempt()
  const refresh = () => list.attempt(async () => setTokens(await api.tokens()))
  useEffect(() => void refresh(), [])

  const generate = (event: Event) => {
    event.preventDefault()
    void form.attempt(async () => {
      setSecret(undefined)
      requireOne(scopes)
      const grant = await api.generateToken({
        ...(label.trim() === '' ? {} : { label: label.trim() }),
        // Without a narrower choice, the token follows the roles.
        ...(scopes.length === account.scopes.length ? {} : { scopes: [...scopes] }),
      })
      setSecret({
        title: words.yours,
        value: grant.accessToken,
        facts: [
          [words.expires, `${localTime(grant.expiresAt)} (${localZone()})`],
          [words.businesses, grant.authorizedBusinesses.map(({ name }) => name).join(', ')],
          [words.permissions, grant.scopes.map((scope) => TEXT.scopes[scope as Scope]).join('; ')],
        ],
      })
      setLabel('')
      setScopes(account.scopes)
      await refresh()
    })
  }

  const askToRevoke = (token: LiveToken) => {
    const name = nameOf(token)
    ask({
      text: words.revokeQuestion(name),
      action: words.revoke,
      async work() {
        await api.revokeToken(token.jti)
        setSecret(undefined)
        await refresh()
        setStatus(words.revoked(name))
      },
    })
  }

  return (
    <>
      {secret !== undefined && <SecretCard secret={secret} mcpUrl={settings.mcpUrl} />}
      <form class="card" aria-labelledby="token-title" onSubmit={generate}>
        <h2 id="token-title">{words.title}</h2>
        <p class="hint">{words.hint}</p>
        <Field label={words.label} isOptional>
          {(id) => (
            <input
              id={id}
              type="text"
              maxLength={100}
              autocomplete="off"
              placeholder={words.labelExample}
              value={label}
              onInput={(event) => setLabel(event.currentTarget.value)}
            />
          )}
        </Field>
        <details class="permissions">
          <summary>
            <span>{words.permissions}</span>
          </summary>
          <fieldset>
            <legend class="hint">{words.permissionsHint}</legend>
            <ScopeChoice offered={account.scopes as Scope[]} chosen={scopes} choose={setScopes} />
          </fieldset>
        </details>
        <Problem text={form.problem} />
        <button type="submit" class="primary" disabled={form.isBusy}>
          {words.generate}
        </button>
      </form>
      <section class="below" aria-labelledby="tokens-title">
        <h2 id="tokens-title">{words.live}</h2>
        <Problem text={list.problem} />
        {tokens?.length === 0 && <p class="hint">{words.none}</p>}
        <ul class="items">
          {tokens?.map((token) => (
            <Item key={token.jti} token={token} revoke={() => askToRevoke(token)} />
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

function Item({ token, revoke }: { token: LiveToken; revoke(): void }) {
  const { account } = useSession()
  const { scopes, clientData, businessIds } = token
  const name = nameOf(token)
  const may = scopes?.map((scope) => TEXT.scopes[scope as Scope]).join('; ') ?? TEXT.assistants.all
  const used = token.lastUsedAt === null ? TEXT.never : localTime(token.lastUsedAt)
  return (
    <li class="item">
      <div class="item-head">
        <h3>{name}</h3>
        <button type="button" class="danger" aria-label={`${words.revoke} ${name}`} onClick={revoke}>
          {words.revoke}
        </button>
      </div>
      <Facts
        facts={[
          [words.expires, localTime(token.expiresAt)],
          [words.created, `${localTime(token.createdAt)}, ${programOf(token.client)}`],
          [
            words.lastUsed,
            token.lastUsedAt === null || token.usedBy === null ? used : `${used}, ${clientName(token.usedBy)}`,
          ],
          [words.permissions, clientData ? may : `${may}; ${TEXT.assistants.noClients}`],
          businessIds === null
            ? undefined
            : [
                words.businesses,
                account.businesses.flatMap(({ id, name }) => (businessIds.includes(id) ? [name] : [])).join(', '),
              ],
        ]}
      />
    </li>
  )
}

function nameOf({ label }: LiveToken): string {
  return label ?? TEXT.assistants.unnamed
}

function programOf(userAgent: string | null): string {
  if (userAgent === null) return words.unknownClient
  return clientName(userAgent.startsWith('Mozilla/') ? 'browser' : (userAgent.split(/[ /]/)[0] as string))
}
