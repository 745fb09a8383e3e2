import type { FileValue } from '../results/file-rows.ts'
import { isText } from './columns.ts'

/** A cell as spreadsheets know it. Numbers are decimal strings, so that no digit is lost. */
export type Cell = string | { number: string } | { date: string; time?: string } | null

const NUMBER = /^[+-]?(0|[1-9]\d*)(\.\d+)?$/
const DAY = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?.*)?$/
// Spreadsheets count with 15 digits.
const MOST_DIGITS = 15
const UNTRUSTED = /^<untrusted[^>]*>|<\/untrusted[^>]*>$/g
/** Columns of words whose days are days all the same. */
const PERIOD = /\b(key|label)$/i

/** A value of a column as a cell. */
export function cellOf(title: string, value: FileValue): Cell {
  if (value === null || value === '') return null
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return { number: String(value) }
  const text = value.replace(UNTRUSTED, '')
  const isWord = isText(title)
  const [, date, time, seconds = ':00'] = DAY.exec(text) ?? []
  if (date !== undefined && (!isWord || PERIOD.test(title))) {
    return time === undefined ? { date } : { date, time: time + seconds }
  }
  const isNumber = !isWord && NUMBER.test(text) && text.replace(/\D/g, '').length <= MOST_DIGITS
  return isNumber ? { number: text.replace('+', '') } : text
}
