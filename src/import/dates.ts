import { DateTime } from 'luxon'
import { Temporal } from 'temporal-polyfill'
import { ServiceError } from '../errors.ts'
import { instantOf } from '../time/local.ts'

/**
 * Reads the date of a row.
 * @param zone IANA zone for times without an offset
 * @returns undefined when the text is not a date of the expected form, or not a day of the calendar
 */
export type DateReader = (text: string, zone: string) => Date | undefined

/** Dates without a time count as noon, which stays on the same day in every nearby zone. */
const NOON = { hour: 12 }
const OLDEST_YEAR = 1900
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i
const HALF_OF_DAY = /([ap])\.? ?m\.?/i

const TOKENS = ['d', 'dd', 'M', 'MM', 'yy', 'yyyy', 'H', 'HH', 'h', 'hh', 'm', 'mm', 's', 'ss', 'a']
const IN_UTC = { zone: 'utc', locale: 'en-US' } as const

/**
 * Makes a reader for dates of one format.
 * @param format Unicode tokens, such as `d/M/yyyy` or `M/d/yyyy h:mm a`; ISO 8601 (date, local time, or offset) if
 *   absent
 * @throws ServiceError naming the part of the format that is not understood, and the valid tokens
 */
export function dateReader(format?: string): DateReader {
  const read = format === undefined ? readIso : formatReader(format)
  // Rows are usually in order of time, so that many have the same date as the row before.
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
    const date =
      value instanceof Temporal.PlainDateTime ? instantOf(value.toString(), zone) : new Date(value.epochMilliseconds)
    return date.getUTCFullYear() < OLDEST_YEAR ? undefined : date
  } catch (error) {
    // Such as 31 February, or 25:00.
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
  checkFormat(format)
  // A quote is an ordinary character here, but begins a literal in Luxon's formats.
  const luxonFormat = format.replaceAll("'", "''")
  const parser = DateTime.buildFormatParser(luxonFormat, IN_UTC)
  const hasTime = /h/i.test(format)
  return (text) => {
    const given = format.includes('a') ? text.replace(HALF_OF_DAY, '$1m') : text
    const read = DateTime.fromFormatParser(given, parser, IN_UTC)
    // Luxon reads 13 PM as 1 PM and 24:00 as midnight, and accepts four digits where the format has two.
    if (!read.isValid || plain(read.toFormat(luxonFormat)) !== plain(given)) return undefined
    const { month, day, hour, minute, second } = read
    const year = format.includes('yyyy') ? read.year : 2000 + (read.year % 100)
    return Temporal.PlainDateTime.from({ year, month, day, ...(hasTime ? { hour, minute, second } : NOON) })
  }
}

/** A text without the variations that a format allows: upper or lower case, and a zero before one digit. */
function plain(text: string): string {
  return text.toUpperCase().replace(/(?<!\d)0(?=\d(?!\d))/g, '')
}

/** @throws ServiceError naming what is missing from the format or not understood */
function checkFormat(format: string): void {
  const seen = new Set<string>()
  for (const [token] of format.matchAll(/([A-Za-z])\1*/g)) {
    const letter = token.charAt(0)
    if (!TOKENS.includes(token) || seen.has(letter)) {
      const problem = TOKENS.includes(token) ? `"${letter}" is there twice` : `"${token}" is not understood`
      throw new ServiceError(
        'invalid_argument',
        `--date-format ${format}: ${problem}. Tokens: ${TOKENS.join(' ')}, as in dd/MM/yyyy HH:mm.`,
      )
    }
    seen.add(letter)
  }
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
}
