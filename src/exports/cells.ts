import type { Column } from './columns.ts'

/** A cell as spreadsheets know it. Numbers are decimal strings, so that no digit is lost. */
export type Cell = string | { number: string } | { date: string; time?: string } | null

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/
const DAY = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?.*)?$/
// Spreadsheets count with 15 digits.
const MOST_DIGITS = 15
const UNTRUSTED = /^<untrusted[^>]*>|<\/untrusted[^>]*>$/g

/** The cell of a column in a row of a result. */
export function cellOf({ path, isText }: Column, row: Record<string, unknown>): Cell {
  const value = path.reduce<unknown>((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], row)
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return { number: String(value) }
  const text = String(value).replace(UNTRUSTED, '')
  const [, date, time, seconds = ':00'] = DAY.exec(text) ?? []
  if (date !== undefined && (!isText || path.at(-1) === 'label')) {
    return time === undefined ? { date } : { date, time: time + seconds }
  }
  const isNumber = !isText && NUMBER.test(text) && text.replace(/\D/g, '').length <= MOST_DIGITS
  return isNumber ? { number: text } : text
}
