import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { TEXT } from '../texts.ts'

const SHOWN_MS = 2000

/** A text with a button that copies it. */
export function Copyable({ text, label }: { text: string; label: string }) {
  const code = useRef<HTMLElement>(null)
  const [state, setState] = useState<'ready' | 'copied' | 'selected'>('ready')
  const word = { ready: TEXT.copy, copied: TEXT.copied, selected: TEXT.copyByHand }[state]
  async function copy() {
    const copied = await copyText(text, code.current)
    setState(copied ? 'copied' : 'selected')
    setTimeout(() => setState('ready'), SHOWN_MS)
  }
  return (
    <div class="copyable">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide code scrolls, so the keyboard must reach it */}
      <pre tabIndex={0}>
        <code ref={code}>{text}</code>
      </pre>
      <button type="button" class="quiet" onClick={copy} aria-label={`${word}: ${label}`}>
        {word}
      </button>
      <span class="unseen" role="status">
        {state === 'ready' ? '' : word}
      </span>
    </div>
  )
}

/** Browsers allow clipboard access only on https and localhost; elsewhere the text is selected. */
async function copyText(text: string, shown: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    if (shown !== null) getSelection()?.selectAllChildren(shown)
    return false
  }
}

/** What went wrong, read out at once. */
export function Problem({ text, id }: { text: string | undefined; id?: string }) {
  return text === undefined ? null : (
    <p class="problem" role="alert" id={id}>
      {text}
    </p>
  )
}

/** Work that a form or button begins: whether it runs, and what went wrong. */
export function useAttempt() {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  async function attempt(work: () => Promise<void>): Promise<void> {
    setBusy(true)
    setProblem(undefined)
    try {
      await work()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return { isBusy, problem, attempt }
}

/** A label with its field. */
export function Field(props: { label: string; isOptional?: boolean; children: (id: string) => ComponentChildren }) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>
        {props.label} {props.isOptional && <span class="optional">{TEXT.optional}</span>}
      </label>
      {props.children(id)}
    </div>
  )
}

export interface Question {
  text: string
  action: string
  work(): Promise<void>
}

/** Asks for confirmation of what cannot be undone; says in its own place what went wrong. */
export function Confirmation({ question, close }: { question: Question | undefined; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const opener = useRef<{ element: Element | null; heading: HTMLElement | null | undefined }>(undefined)
  const { isBusy, problem, attempt } = useAttempt()
  useEffect(() => {
    if (question === undefined) return dialog.current?.close()
    const element = document.activeElement
    opener.current = { element, heading: element?.closest('section')?.querySelector('h2') }
    dialog.current?.showModal()
  }, [question])
  const yes = () =>
    attempt(async () => {
      await question?.work()
      close()
    })
  /** The button that asked may have gone with what it ended; the focus then goes to the heading of its list. */
  const leave = () => {
    close()
    const { element, heading } = opener.current ?? {}
    if (heading == null || element?.isConnected) return
    heading.tabIndex = -1
    heading.focus()
  }
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={leave}>
      <p id="question">{question?.text}</p>
      <Problem text={problem} />
      <div class="actions">
        <button type="button" onClick={close} disabled={isBusy}>
          {TEXT.cancel}
        </button>
        <button type="button" class="danger" onClick={yes} disabled={isBusy}>
          {question?.action}
        </button>
      </div>
    </dialog>
  )
}

/** Names and values. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: string] | undefined)[] }) {
  return (
    <dl>
      {facts.map(
        (fact) =>
          fact !== undefined && (
            <div key={fact[0]}>
              <dt>{fact[0]}</dt>
              <dd>{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

/** The icon of a client; the first letter of its name where its maker gives none away. */
export function ClientIcon({ path, name }: { path: string | undefined; name: string }) {
  if (path === undefined) {
    // Drawn by the style sheet, so that it is no part of any text.
    return <span class="client-icon letter" aria-hidden="true" data-letter={[...name][0]} />
  }
  return (
    <svg class="client-icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  )
}
