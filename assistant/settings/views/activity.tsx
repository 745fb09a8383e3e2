import { useEffect, useState } from 'preact/hooks'
import type { Activity as Row } from '../api.ts'
import { clientName } from '../connect/client-names.ts'
import { useSession } from '../session.ts'
import { TEXT } from '../texts.ts'
import { localTime, startOfDay } from '../times.ts'
import { PROMPT_WORDS, RESOURCE_WORDS, TOOL_WORDS } from '../tool-words.ts'
import { Field, Problem, useAttempt } from '../ui/parts.tsx'

const words = TEXT.activity
const FILTERS = ['all', 'changes', 'refused', 'access'] as const
const TYPING_MS = 300

/** What was asked and changed through assistants, in words. */
export function Activity() {
  const { api, business } = useSession()
  const [filter, setFilter] = useState<(typeof FILTERS)[number]>('all')
  const [who, setWho] = useState('')
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  /** Counts up when the same is to be read anew. */
  const [turn, setTurn] = useState(0)
  const [rows, setRows] = useState<Row[]>()
  const [cursor, setCursor] = useState<string | null>(null)
  const { isBusy, problem, attempt } = useAttempt()
  const query = {
    ...{ businessId: business.id, filter },
    ...(who.trim() === '' ? {} : { who: who.trim() }),
    ...(from === '' ? {} : { since: startOfDay(from) }),
    ...(to === '' ? {} : { until: startOfDay(to, 1) }),
  }

  // Read anew when what is asked changes
  useEffect(() => {
    // The person may go on typing, or have chosen something else before the answer comes.
    let isWanted = true
    const timer = setTimeout(
      () =>
        attempt(async () => {
          const page = await api.activity(query)
          if (!isWanted) return
          setRows(page.rows)
          setCursor(page.nextCursor)
        }),
      who === '' ? 0 : TYPING_MS,
    )
    return () => {
      isWanted = false
      clearTimeout(timer)
    }
  }, [business.id, filter, who, from, to, turn])

  // Whoever comes back from their assistant wants to see what it has done.
  useEffect(() => {
    const look = () => document.visibilityState === 'visible' && setTurn((before) => before + 1)
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])

  const more = () =>
    attempt(async () => {
      const page = await api.activity({ ...query, cursor: cursor ?? '' })
      setRows([...(rows ?? []), ...page.rows])
      setCursor(page.nextCursor)
    })
  const download = () =>
    attempt(async () => {
      const url = URL.createObjectURL(await api.activityFile(query))
      const link = Object.assign(document.createElement('a'), { href: url, download: 'activity.csv' })
      link.click()
      URL.revokeObjectURL(url)
    })

  return (
    <section aria-labelledby="activity-title">
      <h2 id="activity-title">{words.title}</h2>
      <p class="hint">{business.managesKeys ? words.hint : words.hintOwn}</p>
      <div class="filters">
        <Field label={words.filter}>
          {(id) => (
            <select id={id} value={filter} onChange={(event) => setFilter(event.currentTarget.value as typeof filter)}>
              {FILTERS.map((each) => (
                <option key={each} value={each}>
                  {words.filters[each]}
                </option>
              ))}
            </select>
          )}
        </Field>
        {business.managesKeys && (
          <Field label={words.who} isOptional>
            {(id) => (
              <input
                id={id}
                type="search"
                maxLength={100}
                value={who}
                onInput={(event) => setWho(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        <Field label={words.from} isOptional>
          {(id) => (
            <input id={id} type="date" max={to} value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
          )}
        </Field>
        <Field label={words.to} isOptional>
          {(id) => (
            <input id={id} type="date" min={from} value={to} onInput={(event) => setTo(event.currentTarget.value)} />
          )}
        </Field>
      </div>
      <p class="actions">
        <button type="button" class="quiet" onClick={() => setTurn(turn + 1)} disabled={isBusy}>
          {words.refresh}
        </button>
        <button type="button" class="quiet" onClick={download} disabled={isBusy}>
          {words.csv}
        </button>
      </p>
      <Problem text={problem} />
      {rows === undefined && problem === undefined && <p class="busy">{TEXT.loading}</p>}
      {rows?.length === 0 && <p class="card">{words.none}</p>}
      <ul class="activity" aria-busy={isBusy}>
        {rows?.map((row) => (
          <Line key={`${row.at}${row.action}`} row={row} />
        ))}
      </ul>
      {cursor !== null && (
        <button type="button" onClick={more} disabled={isBusy}>
          {words.more}
        </button>
      )}
    </section>
  )
}

function Line({ row }: { row: Row }) {
  const isRefused = row.outcome !== 'ok'
  const program = row.assistant ?? (row.client === null ? null : clientName(row.client))
  return (
    <li>
      <time dateTime={row.at}>{localTime(row.at)}</time>
      <p>
        <strong>{row.who ?? words.somebody}</strong> {sentenceOf(row)}
        {row.occurrences > 1 && `, ${words.times(row.occurrences)}`}
        {program !== null && (
          <>
            {' · '}
            <span title={row.client ?? undefined}>{program}</span>
          </>
        )}
      </p>
      {isRefused && <span class="badge refused">{words.refused(words.reasons[row.outcome] ?? row.outcome)}</span>}
    </li>
  )
}

function sentenceOf({ kind, action, outcome, object }: Row): string {
  if (kind === 'prompt') return words.used(PROMPT_WORDS[action] ?? action)
  if (kind === 'resource') return words.read(RESOURCE_WORDS[action] ?? action)
  if (kind === 'export') return words.downloaded(TOOL_WORDS[action]?.asks ?? action)
  if (kind !== 'tool') return words.did[`${kind} ${action}`] ?? `${kind} ${action}`
  const { asks = action, did } = TOOL_WORDS[action] ?? {}
  const what = object === null ? '' : `${words.objects[object.type] ?? object.type} ${object.name}`.trim()
  if (did !== undefined && outcome === 'ok' && what !== '') return `${did} ${what}`
  return what === '' ? words.asked(asks) : `${words.asked(asks)} (${what})`
}
