import { useMemo, useState } from 'preact/hooks'
import { renderSVG } from 'uqr'
import type { PageSettings } from '../../../src/auth/assistant-page.ts'
import { SCOPES } from '../../../src/auth/scopes.ts'
import { type Client, clientsFor } from '../connect/clients.ts'
import { firstQuestions } from '../connect/questions.ts'
import { PATHS } from '../paths.ts'
import type { Session } from '../session.ts'
import { TEXT } from '../texts.ts'
import { ClientIcon, Copyable, Problem, useAttempt } from '../ui/parts.tsx'

const words = TEXT.connect

/** How to connect an assistant. It needs no credential, so that it is there before anybody signs in. */
export function Connect({ settings, session }: { settings: PageSettings; session: Session | undefined }) {
  const { connectUrl } = settings
  return (
    <>
      <section class="card main" aria-labelledby="connect-title">
        <h2 id="connect-title">{words.title}</h2>
        {connectUrl === null ? (
          <p class="warning">{words.noAddress}</p>
        ) : (
          <>
            <p class="hint">{words.hint}</p>
            <div class="address">
              <Copyable text={connectUrl} label={words.address} />
            </div>
            <Clients url={connectUrl} />
          </>
        )}
      </section>
      <div class="columns">
        <section class="card" aria-labelledby="questions-title">
          <h2 id="questions-title">{words.questionsTitle}</h2>
          <ul class="questions">
            {firstQuestions(session?.account.scopes ?? SCOPES).map((question) => (
              <li key={question}>{question}</li>
            ))}
          </ul>
        </section>
        {connectUrl !== null && <Phone url={connectUrl} />}
      </div>
      <div class="columns">
        <Test session={session} />
        <section class="card" aria-labelledby="other-title">
          <h2 id="other-title">{words.otherTitle}</h2>
          <p class="hint">{words.otherHint}</p>
          <p class="actions">
            <a class="button" href={PATHS.token}>
              {words.generate}
            </a>
            <a href={PATHS.keys}>{words.manageKeys}</a>
          </p>
        </section>
      </div>
    </>
  )
}

/** Tabs by the pattern of the ARIA Authoring Practices: arrows move, the chosen one is in the order of the Tab key. */
function Clients({ url }: { url: string }) {
  const clients = useMemo(() => clientsFor(url), [url])
  const [chosen, choose] = useState(0)
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const next =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? clients.length - 1
          : step === undefined
            ? undefined
            : (chosen + step + clients.length) % clients.length
    if (next === undefined) return
    event.preventDefault()
    choose(next)
    const tabs = (event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role="tab"]')
    tabs[next]?.focus()
  }
  const client = clients[chosen] as Client
  return (
    <>
      <h3 id="clients-title">{words.chooseClient}</h3>
      <div role="tablist" aria-labelledby="clients-title" class="clients" onKeyDown={move}>
        {clients.map(({ id, name, icon }, index) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-selected={index === chosen}
            aria-controls="client"
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => choose(index)}
          >
            <ClientIcon path={icon} name={name} />
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="client" aria-labelledby={`tab-${client.id}`} class="client">
        <Steps client={client} />
      </div>
    </>
  )
}

function Steps({ client: { name, steps, link, isPlace, code, source, checked } }: { client: Client }) {
  return (
    <>
      {link !== undefined && (
        <p>
          <a class="button primary" href={link} rel="noreferrer">
            {isPlace ? words.open(name) : words.add(name)}
          </a>
        </p>
      )}
      <ol aria-label={words.steps}>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {code !== undefined && (
        <>
          <p class="where">
            {link === undefined ? '' : `${words.orByHand}: `}
            {code.where}
          </p>
          <Copyable text={code.text} label={code.where} />
        </>
      )}
      <p class="hint">
        <a href={source} rel="noreferrer">
          {words.source}
        </a>{' '}
        · {words.checked(checked)}
      </p>
    </>
  )
}

function Phone({ url }: { url: string }) {
  const svg = useMemo(() => renderSVG(url, { border: 2 }), [url])
  return (
    <section class="card phone" aria-labelledby="phone-title">
      <h2 id="phone-title">{words.phone}</h2>
      <p class="hint">{words.phoneHint}</p>
      {/* The library draws it from the service's own address */}
      <div class="qr" role="img" aria-label={words.qr} dangerouslySetInnerHTML={{ __html: svg }} />
    </section>
  )
}

function Test({ session }: { session: Session | undefined }) {
  const { isBusy, problem, attempt } = useAttempt()
  const [result, setResult] = useState('')
  const test = (api: Session['api'], scopes: Session['account']['scopes']) =>
    attempt(async () => {
      setResult('')
      const { tools, milliseconds } = await api.test(scopes)
      setResult(words.testDone(tools, milliseconds))
    })
  return (
    <section class="card" aria-labelledby="test-title">
      <h2 id="test-title">{words.testTitle}</h2>
      <p class="hint">{session === undefined ? words.testSignIn : words.testHint}</p>
      {session !== undefined && (
        <button type="button" disabled={isBusy} onClick={() => test(session.api, session.account.scopes)}>
          {words.test}
        </button>
      )}
      <p role="status" class={result === '' ? 'unseen' : 'success'}>
        {result}
      </p>
      <Problem text={problem} />
    </section>
  )
}
