import { Temporal } from 'temporal-polyfill'
import { ServiceError } from '../errors.ts'

/**
 * Reads the date of a row.
 * @param zone IANA zone of times that state no offset
 * @returns undefined when the text is not a date of the expected form, or no day of the calendar
 */
export type DateReader = (text: string, zone: string) => Date | undefined

/** Noon: of all hours, the one that stays on its day in every zone nearby. */
const NOON = { hour: 12 }
const OLDEST_YEAR = 1900
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i

const TOKENS: Record<string, string> = {
  d: '(?<day>\\d{1,2})',
  dd: '(?<day>\\d{2})',
  M: '(?<month>\\d{1,2})',
  MM: '(?<month>\\d{2})',
  yy: '(?<year>\\d{2})',
  yyyy: '(?<year>\\d{4})',
  H: '(?<hour>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  h: '(?<half>\\d{1,2})',
  hh: '(?<half>\\d{2})',
  m: '(?<minute>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  s: '(?<second>\\d{1,2})',
  ss: '(?<second>\\d{2})',
  a: '(?<noon>[ap])\\.? ?m\\.?',
}

/**
 * Makes the reader of a form of dates.
 * @param format Unicode tokens, such as `d/M/yyyy` or `M/d/yyyy h:mm a`; none for ISO 8601 (date, local time, or offset)
 * @throws ServiceError naming what in the format is not understood, with the tokens there are
 */
export function dateReader(format?: string): DateReader {
  const read = format === undefined ? readIso : formatReader(format)
  // Rows come in the order of time: many share the date of the row before.
  let last: { text: string; zone: string; date: Date | undefined } | undefined
  return (text, zone) => {
    if (last?.text !== text || last.zone !== zone) last = { text, zone, date: dateOf(read, text, zone) }
    return last.date
  }
}

type Read = (text: string) => Temporal.PlainDateTime | Temporal.Instant | undefined

function dateOf(read: Read, text: string, zone: string): Date | undefined {
  try {
    const value = read(text)
    if (value === undefined) return undefined
    const at = value instanceof Temporal.PlainDateTime ? value.toZonedDateTime(zone) : value
    const date = new Date(at.epochMilliseconds)
    return date.getUTCFullYear() < OLDEST_YEAR ? undefined : date
  } catch (error) {
    // 31 February, 25 o'clock.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readIso(text: string): ReturnType<Read> {
  const match = ISO.exec(text)
  if (!match) return undefined
  if (match[1] !== undefined) return Temporal.Instant.from(text)
  if (text.length === 10) return Temporal.PlainDate.from(text).toPlainDateTime(NOON)
  return Temporal.PlainDateTime.from(text)
}

function formatReader(format: string): Read {
  const pattern = new RegExp(`^${patternOf(format)}$`, 'i')
  return (text) => {
    const part = pattern.exec(text)?.groups
    if (!part) return undefined
    const number = (name: string) => Number(part[name] ?? 0)
    if (part.half !== undefined && (number('half') < 1 || number('half') > 12)) return undefined
    const hour =
      part.half === undefined ? number('hour') : (number('half') % 12) + (/p/i.test(part.noon ?? '') ? 12 : 0)
    const hasTime = part.hour !== undefined || part.half !== undefined
    return Temporal.PlainDateTime.from(
      {
        year: part.year?.length === 2 ? 2000 + number('year') : number('year'),
        month: number('month'),
        day: number('day'),
        ...(hasTime ? { hour, minute: number('minute'), second: number('second') } : NOON),
      },
      { overflow: 'reject' },
    )
  }
}

function patternOf(format: string): string {
  const seen = new Set<string>()
  const pattern = format.replace(/([A-Za-z])\1*|[^A-Za-z]/g, (part) => {
    if (!/[A-Za-z]/.test(part)) return part.replace(/[.*+?^${}()|[\]\\/-]/, '\\$&')
    const token = TOKENS[part]
    const letter = part.charAt(0)
    if (token === undefined || seen.has(letter)) {
      const problem = token === undefined ? `"${part}" is not understood` : `"${letter}" is there twice`
      throw new ServiceError(
        'invalid_argument',
        `--date-format ${format}: ${problem}. Tokens: ${Object.keys(TOKENS).join(' ')}, as in dd/MM/yyyy HH:mm.`,
      )
    }
    seen.add(letter)
    return token
  })
  const has = (letters: string) => [...letters].every((letter) => seen.has(letter))
  const twelve = seen.has('h') || seen.has('a')
  const problem = !has('dMy')
    ? 'it needs d, M and y'
    : twelve && (!has('ha') || seen.has('H'))
      ? 'h and a belong together, without H'
      : seen.has('m') && !seen.has('H') && !seen.has('h')
        ? 'm needs H or h'
        : seen.has('s') && !seen.has('m')
          ? 's needs m'
          : undefined
  if (problem) throw new ServiceError('invalid_argument', `--date-format ${format}: ${problem}.`)
  return pattern
}
