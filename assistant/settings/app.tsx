import type { FunctionComponent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { PageAccount, PageSettings } from '../../src/auth/assistant-page.ts'
import { chooseLanguage, LANGUAGE_NAMES, LANGUAGES, language } from '../language.ts'
import { LINKS } from '../links.ts'
import { signInWords } from '../service-words.ts'
import { SESSION_EXPIRED } from '../sign-in/failures.ts'
import { createIdentity, type Identity } from '../sign-in/identity.ts'
import { type Api, createApi, type Refusal, readSettings } from './api.ts'
import { PATHS, type View, viewOf } from './paths.ts'
import { type Session, SessionProvider } from './session.ts'
import { TEXT } from './texts.ts'
import { Field, Problem, useAttempt } from './ui/parts.tsx'
import { Activity } from './views/activity.tsx'
import { Assistants } from './views/assistants.tsx'
import { Connect } from './views/connect.tsx'
import { Keys } from './views/keys.tsx'
import { SignIn } from './views/sign-in.tsx'
import { Token } from './views/token.tsx'

const VIEWS: Record<Exclude<View, 'connect'>, FunctionComponent> = {
  assistants: Assistants,
  activity: Activity,
  token: Token,
  keys: Keys,
}

interface Parts {
  settings: PageSettings
  /** Null if nobody can sign in. */
  identity: Identity | null
  api: Api
}

/** The AI Assistant page. */
export function App() {
  const { problem, isBusy, attempt } = useAttempt()
  const [parts, setParts] = useState<Parts>()
  const start = () =>
    attempt(async () => {
      const settings = await readSettings()
      const identity = settings.signIn === null ? null : createIdentity(settings.signIn, { remember: true })
      const api = createApi(
        () => (identity === null ? Promise.reject(new Error(TEXT.unconfigured)) : identity.idToken()),
        async () => identity?.signOut(),
      )
      setParts({ settings, identity, api })
    })
  useEffect(() => void start(), [])
  if (parts !== undefined) return <Page {...parts} />
  return (
    <main>
      {problem === undefined ? <p class="busy">{TEXT.loading}</p> : <Problem text={problem} />}
      {problem !== undefined && (
        <button type="button" onClick={start} disabled={isBusy}>
          {TEXT.tryAgain}
        </button>
      )}
    </main>
  )
}

function Page({ settings, identity, api }: Parts) {
  const [who, setWho] = useState<string | null>()
  /** Whose account it is tells whether the session of the views may still be shown. */
  const [known, setKnown] = useState<{ who: string; account: PageAccount }>()
  const [businessId, setBusinessId] = useState<string>()
  const [isExpired, setExpired] = useState(false)
  const isLeaving = useRef(false)
  const hadForm = useRef(false)
  const { problem, attempt } = useAttempt()
  const view = viewOf(location.pathname)

  useEffect(() => {
    let wasSignedIn = identity?.wasSignedIn ?? false
    identity?.onChange((now) => {
      setWho(now)
      setExpired(now === null && wasSignedIn && !isLeaving.current)
      wasSignedIn = now !== null
      hadForm.current ||= now === null
      if (now === null) return
      void attempt(async () => setKnown({ who: now, account: await accountOf(api) }))
    })
  }, [])

  async function leave() {
    isLeaving.current = true
    await identity?.signOut()
    location.reload()
  }

  const account = known?.account
  const business = account?.businesses.find(({ id }) => id === businessId) ?? account?.businesses[0]
  const session: Session | undefined =
    account === undefined || business === undefined ? undefined : { api, account, settings, business }
  const isSignedIn = session !== undefined && who === known?.who
  // Who has just signed in finds the focus where the page begins: the form that had it is gone.
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (isSignedIn && document.activeElement === document.body && hadForm.current) heading.current?.focus()
  }, [isSignedIn])
  const View = view === 'connect' ? undefined : VIEWS[view]

  return (
    <>
      <Header who={who ?? null} leave={leave} />
      <main>
        <h1 ref={heading} tabIndex={-1}>
          {TEXT.title}
        </h1>
        <p class="lead">{TEXT.lead}</p>
        <nav aria-label={TEXT.tabsLabel}>
          {(Object.keys(PATHS) as View[]).map((each) => (
            <a key={each} href={PATHS[each]} aria-current={each === view ? 'page' : undefined}>
              {TEXT.tabs[each]}
            </a>
          ))}
        </nav>
        <Problem text={problem} />
        {isSignedIn && view !== 'connect' && view !== 'token' && account !== undefined && (
          <BusinessChoice account={account} chosen={session.business.id} choose={setBusinessId} />
        )}
        {View === undefined && <Connect settings={settings} session={isSignedIn ? session : undefined} />}
        {identity === null && <Unconfigured />}
        {identity !== null && who === null && (
          <SignIn
            identity={identity}
            purpose={view === 'connect' ? TEXT.signInHint : TEXT.signInFor[view]}
            notice={isExpired ? SESSION_EXPIRED : undefined}
            // How to connect comes first, and the page must not scroll past it.
            isMain={view !== 'connect' || isExpired}
          />
        )}
        {identity !== null && View !== undefined && who !== null && !isSignedIn && problem === undefined && (
          <p class="busy">{TEXT.loading}</p>
        )}
        {View !== undefined && session !== undefined && (
          // What was typed stays there while the person signs in again; nobody else sees it.
          <div key={known?.who} hidden={!isSignedIn}>
            <SessionProvider value={session}>
              <View />
            </SessionProvider>
          </div>
        )}
      </main>
      <Footer settings={settings} />
    </>
  )
}

/** Whom the service does not know as a member is told so, rather than what the service calls it. */
async function accountOf(api: Api): Promise<PageAccount> {
  return api.account().catch((error: Refusal) => {
    throw error.code === undefined ? error : new Error(signInWords(error))
  })
}

function Header({ who, leave }: { who: string | null; leave(): void }) {
  return (
    <header>
      <div class="bar">
        <p class="brand">FlowPOS</p>
        <div class="account">
          <label class="unseen" for="language">
            {TEXT.language}
          </label>
          <select
            id="language"
            class="small"
            value={language}
            onChange={(event) => chooseLanguage(event.currentTarget.value as typeof language)}
          >
            {LANGUAGES.map((each) => (
              <option key={each} value={each} lang={each}>
                {LANGUAGE_NAMES[each]}
              </option>
            ))}
          </select>
          {who !== null && <span class="who">{who}</span>}
          {who !== null && (
            <button type="button" class="quiet" onClick={leave}>
              {TEXT.signOut}
            </button>
          )}
        </div>
      </div>
    </header>
  )
}

function BusinessChoice(props: { account: PageAccount; chosen: string; choose(id: string): void }) {
  const { account, chosen, choose } = props
  if (account.businesses.length < 2) return null
  return (
    <div class="business">
      <Field label={TEXT.business}>
        {(id) => (
          <select id={id} value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            {account.businesses.map((business) => (
              <option key={business.id} value={business.id}>
                {business.name}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
  )
}

function Unconfigured() {
  return (
    <section class="card">
      <h2>{TEXT.unconfiguredTitle}</h2>
      <p>{TEXT.unconfigured}</p>
    </section>
  )
}

function Footer({ settings: { links } }: { settings: PageSettings }) {
  const given = (Object.keys(LINKS) as (keyof typeof LINKS)[]).filter((name) => links[name] !== null)
  if (given.length === 0) return null
  return (
    <footer>
      {given.map((name) => (
        <a key={name} href={links[name] ?? ''} rel="noreferrer">
          {LINKS[name]}
        </a>
      ))}
    </footer>
  )
}
