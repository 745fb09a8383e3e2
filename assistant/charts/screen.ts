import type { Say } from './format.ts'

// What a chart shows, before anything is drawn: plain values, so that they can be checked without a browser.

/** A tool call that a person asks for with a tap. */
export interface Call {
  name: string
  arguments: Record<string, unknown>
}

/** One bar, or one point of a line. */
export interface Point {
  label: string
  /** For its height or length only; what is read is `text`. Null: not known. */
  value: number | null
  text: string
  /** What it is compared with. */
  before?: number | null
  beforeText?: string
  /** More about it, in words. */
  note?: string
  call?: Call
}

export interface Chart {
  /** The name of its tab. */
  name: string
  /** Columns stand side by side along a time; rows lie below each other. */
  kind: 'columns' | 'line' | 'rows'
  /** What the values and those that they are compared with are called. */
  legend: { value: string; before?: string }
  points: Point[]
  /** What the notes are about, where they do not say it themselves. */
  noteTitle?: string
}

/** A figure at the top. */
export interface Fact {
  label: string
  text: string
  /** How much it has changed; the line below the title says since when. */
  change?: string
  trend?: 'up' | 'down'
}

export interface Screen {
  title: string
  subtitle: string
  facts: Fact[]
  charts: Chart[]
  notes: string[]
  /** A further question that a button asks: its answer is drawn into the first chart. */
  more?: { label: string; call: Call; merge(answer: unknown, screen: Screen): Screen }
}

/** The call whose answer is shown, as far as the host tells it. */
export interface Asked {
  arguments: Record<string, unknown>
}

/** Makes a screen of the data of one tool. */
export type ToScreen = (data: Json, asked: Asked, say: Say) => Screen

/** Data as they came, of which nothing is certain. */
export interface Json {
  [key: string]: unknown
}

export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

export function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(textOf).filter((text) => text !== '') : []
}

/** A decimal as a number to draw with; null where there is none. */
export function numberOf(value: unknown): number | null {
  if (value === null || value === undefined || value === '') return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

/** The arguments that narrow a question to the business and place of an answer. */
export function placeOf(data: Json): Record<string, unknown> {
  const business = textOf(objectOf(data.business).id)
  const location = textOf(objectOf(data.location).id)
  return { ...(business && { businessId: business }), ...(location && { locationId: location }) }
}

/** Where and when, for the line below the title. */
export function scopeOf(data: Json, say: Say): string {
  const window = objectOf(data.window)
  const soFar = textOf(window.soFar)
  return [
    say.days(textOf(window.from), textOf(window.to)),
    soFar && say.words.soFar(soFar),
    textOf(objectOf(data.location).name),
  ]
    .filter(Boolean)
    .join(' · ')
}

/** A figure with its change in percent, if that is known. */
export function fact(label: string, text: string, change: unknown, say: Say): Fact {
  const percent = numberOf(change)
  if (percent === null) return { label, text }
  return {
    label,
    text,
    change: say.change(textOf(change)),
    ...(percent === 0 ? {} : { trend: percent > 0 ? 'up' : 'down' }),
  }
}
