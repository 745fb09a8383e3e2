import { useEffect, useState } from 'preact/hooks'
import type { Scope } from '../../../src/auth/scopes.ts'
import type { ConnectedAssistant, Policy } from '../api.ts'
import { clientName } from '../connect/client-names.ts'
import { iconOf } from '../connect/clients.ts'
import { PATHS } from '../paths.ts'
import { useSession } from '../session.ts'
import { TEXT } from '../texts.ts'
import { localTime } from '../times.ts'
import { ClientIcon, Confirmation, Facts, Field, Problem, type Question, useAttempt } from '../ui/parts.tsx'

const words = TEXT.assistants

/** What reaches the business, and what its owner or admin allows. */
export function Assistants() {
  const { api, business } = useSession()
  const [found, setFound] = useState<{ policy: Policy; assistants: ConnectedAssistant[] }>()
  const [question, ask] = useState<Question>()
  const [status, setStatus] = useState('')
  const { problem, attempt } = useAttempt()
  const refresh = () => attempt(async () => setFound(await api.assistants(business.id)))
  // Read anew for another business, and only then
  useEffect(() => {
    setFound(undefined)
    void refresh()
  }, [business.id])

  function askToEnd(assistant: ConnectedAssistant) {
    const name = nameOf(assistant)
    ask({
      text: words.endQuestion(name),
      action: words.end,
      async work() {
        // Who does not manage the business ends their own everywhere.
        if (business.managesKeys) await api.endAssistant(business.id, { id: assistant.id })
        else await api.revokeToken(assistant.id)
        await refresh()
        setStatus(words.ended(name))
      },
    })
  }
  const askToEndAll = () =>
    ask({
      text: words.endAllQuestion(business.name),
      action: words.endAll,
      async work() {
        await api.endAssistant(business.id, { all: true })
        await refresh()
      },
    })

  return (
    <>
      <section aria-labelledby="assistants-title">
        <h2 id="assistants-title">{words.title}</h2>
        <p class="hint">{business.managesKeys ? words.ofBusiness(business.name) : words.own}</p>
        <Problem text={problem} />
        {found === undefined && problem === undefined && <p class="busy">{TEXT.loading}</p>}
        {found?.assistants.length === 0 && (
          <p class="card">
            {words.none} <a href={PATHS.connect}>{words.connectOne}</a>
          </p>
        )}
        <ul class="items">
          {found?.assistants.map((assistant) => (
            <Item key={assistant.id} assistant={assistant} end={() => askToEnd(assistant)} />
          ))}
        </ul>
        {business.managesKeys && found !== undefined && found.assistants.length > 1 && (
          <button type="button" class="danger" onClick={askToEndAll}>
            {words.endAll}
          </button>
        )}
      </section>
      {business.managesKeys && found !== undefined && (
        <PolicyForm key={business.id} policy={found.policy} assistants={found.assistants} />
      )}
      <p class="unseen" role="status">
        {status}
      </p>
      <Confirmation question={question} close={() => ask(undefined)} />
    </>
  )
}

function Item({ assistant, end }: { assistant: ConnectedAssistant; end(): void }) {
  const { kind, scopes, clientData, madeBy, isOwn, createdAt, lastUsedAt, usedBy, expiresAt } = assistant
  const name = nameOf(assistant)
  const may = scopes?.map((scope) => TEXT.scopes[scope as Scope]).join('; ') ?? words.all
  const used = lastUsedAt === null ? TEXT.never : localTime(lastUsedAt)
  return (
    <li class="item">
      <div class="item-head">
        <ClientIcon path={iconOf(assistant.clientHost)} name={name} />
        <h3>
          {name} <span class="badge">{words.kinds[kind]}</span>
        </h3>
        <button type="button" class="danger" aria-label={`${words.end}: ${name}`} onClick={end}>
          {words.end}
        </button>
      </div>
      <p class="hint">
        {words.madeBy(isOwn ? words.you : (madeBy ?? words.somebody), localTime(createdAt))}
        {kind === 'connection' && ` · ${words.places[assistant.clientHost] ?? assistant.clientHost}`}
      </p>
      <Facts
        facts={[
          [words.businesses, assistant.businesses.join(', ')],
          [words.lastUsed, usedBy === null || lastUsedAt === null ? used : words.lastUsedBy(used, clientName(usedBy))],
          [words.expires, expiresAt === null ? TEXT.never : localTime(expiresAt)],
          [words.may, clientData ? may : `${may}; ${words.noClients}`],
        ]}
      />
    </li>
  )
}

function nameOf({ name }: ConnectedAssistant): string {
  return name ?? words.unnamed
}

/** Applications that an owner is likely to choose, by the host that they are known by. */
const KNOWN: readonly (readonly [host: string, name: string])[] = [
  ['claude.ai', 'Claude'],
  ['chatgpt.com', 'ChatGPT'],
  ['vscode.dev', 'VS Code'],
  ['computer', words.computer],
  ['token', words.tokens],
  ['key', words.keys],
]

function PolicyForm({ policy, assistants }: { policy: Policy; assistants: ConnectedAssistant[] }) {
  const { api, business } = useSession()
  const { isBusy, problem, attempt } = useAttempt()
  const [isEnabled, setEnabled] = useState(policy.isEnabled)
  const [isRestricted, setRestricted] = useState(policy.allowedClients !== null)
  const [status, setStatus] = useState('')
  const known = KNOWN.map(([host]) => host)
  const here = assistants.map(({ clientHost }) => clientHost)
  const [allowed, setAllowed] = useState<readonly string[]>(policy.allowedClients ?? here)
  const [others, setOthers] = useState(allowed.filter((host) => !known.includes(host)).join(', '))

  const save = (event: Event) => {
    event.preventDefault()
    void attempt(async () => {
      setStatus('')
      const hosts = others.split(/[\s,]+/).filter((host) => host !== '')
      const chosen = [...new Set([...allowed.filter((host) => known.includes(host)), ...hosts])]
      await api.changePolicy(business.id, { isEnabled, allowedClients: isRestricted ? chosen : null })
      setStatus(words.saved)
    })
  }
  const toggle = (host: string, isAllowed: boolean) =>
    setAllowed(isAllowed ? [...allowed, host] : allowed.filter((each) => each !== host))

  return (
    <form class="card below" aria-labelledby="policy-title" onSubmit={save}>
      <h2 id="policy-title">{words.policyTitle}</h2>
      <Choice label={words.enabled} isChosen={isEnabled} choose={setEnabled} />
      <p class="hint">{words.enabledHint}</p>
      <Choice label={words.restrict} isChosen={isRestricted} choose={setRestricted} />
      <p class="hint">{words.restrictHint}</p>
      {isRestricted && (
        <fieldset>
          <legend>{words.restrict}</legend>
          {KNOWN.map(([host, name]) => (
            <Choice
              key={host}
              label={name}
              isChosen={allowed.includes(host)}
              choose={(isAllowed) => toggle(host, isAllowed)}
            />
          ))}
          <Field label={words.more} isOptional>
            {(id) => (
              <input
                id={id}
                type="text"
                maxLength={1000}
                value={others}
                placeholder="example.com"
                onInput={(event) => setOthers(event.currentTarget.value)}
              />
            )}
          </Field>
        </fieldset>
      )}
      <Problem text={problem} />
      <button type="submit" class="primary" disabled={isBusy}>
        {words.save}
      </button>
      <span role="status" class="saved">
        {status}
      </span>
    </form>
  )
}

function Choice(props: { label: string; isChosen: boolean; choose(isChosen: boolean): void }) {
  return (
    <label class="choice">
      <input type="checkbox" checked={props.isChosen} onChange={(event) => props.choose(event.currentTarget.checked)} />
      <span>{props.label}</span>
    </label>
  )
}
