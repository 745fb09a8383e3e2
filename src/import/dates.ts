import { DateTime } from 'luxon'
import { Temporal } from 'temporal-polyfill'
import { ServiceError } from '../errors.ts'
import { instantOf } from '../time/local.ts'
import { zoneOf } from './zone-names.ts'

/** The cells of a row that tell when something was. */
export interface DateCells {
  date: string
  /** The time, where the date stands alone. */
  time?: string | undefined
  /** What the file says about the zone of this time. */
  zone?: string | undefined
}

export interface ReadDate {
  at: Date
  /** False where only the day is known: `at` is noon then, which stays on the same day in every nearby zone. */
  hasTime: boolean
}

/**
 * Reads the date of a row.
 * @param zones IANA zones: `times` for times without an offset, `days` for days without a time
 * @returns undefined when the text is not a date of the expected form, or not a day of the calendar
 */
export type DateReader = (cells: DateCells, zones: { times: string; days: string }) => ReadDate | undefined

/** Which of 3/4 is the day, and which the month. */
export type DayOrder = 'd/M' | 'M/d'

interface Parts {
  day: Temporal.PlainDate
  time: Temporal.PlainTime | undefined
  /** Zone or offset that stands behind the time. */
  zone: string | undefined
}

const NOON = new Temporal.PlainTime(12)
const OLDEST_YEAR = 1900
const HALF_OF_DAY = /([ap])\.? ?m\.?/i
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const YEAR_FIRST = /^(?<y>\d{4})([-/.])(?<m>\d\d?)\2(?<d>\d\d?)(?=$|[T\s,])/i
const NAMED_MONTH = /^(?<d>\d\d?)[- /.]+(?<name>[a-z]{3,9})\.?[- /,]+(?<y>\d{4}|\d\d)(?=$|[T\s,])/i
const NAMED_FIRST = /^(?<name>[a-z]{3,9})\.?[- ]+(?<d>\d\d?)(?:st|nd|rd|th)?,?[- ]+(?<y>\d{4})(?=$|[T\s,])/i
const IN_ORDER = /^(?<a>\d\d?)(?<mark>[-/.])(?<b>\d\d?)\k<mark>(?<y>\d{4}|\d\d)(?=$|[T\s,])/i
const TIME =
  /^(?<h>\d\d?):(?<min>\d\d)(?::(?<s>\d\d)(?:[.,](?<f>\d{1,9}))?)?(?:\s?(?<half>[ap])\.?\s?m\.?)?(?=$|\s|[Z+-])/i

const TOKENS = ['d', 'dd', 'M', 'MM', 'yy', 'yyyy', 'H', 'HH', 'h', 'hh', 'm', 'mm', 's', 'ss', 'a']
const IN_UTC = { zone: 'utc', locale: 'en-US' } as const

/**
 * Makes a reader for the dates of a file.
 * @param format Unicode tokens, such as `d/M/yyyy` or `M/d/yyyy h:mm a`; if absent, whatever has one meaning is read:
 *   the year first, the month by its name, or numbers in the order that the file shows
 * @param order what the dates of the file show
 * @throws ServiceError naming the part of the format that is not understood, and the valid tokens
 */
export function dateReader(format?: string, order?: DayOrder): DateReader {
  const read = format === undefined ? (text: string) => readPlain(text, order) : formatReader(format)
  // Rows are usually in order of time, so that many have the same date as the row before.
  let last: { key: string; value: ReadDate | undefined } | undefined
  return (cells, zones) => {
    const key = [cells.date, cells.time, cells.zone, zones.times, zones.days].join('\n')
    if (last?.key !== key) last = { key, value: dateOf(read, cells, zones) }
    return last.value
  }
}

/** Which number is the day, if a date shows it: the one above 12, or the first where dots are between them. */
export function shownOrder(text: string): DayOrder | undefined {
  const { a = '', b = '', mark } = IN_ORDER.exec(text.trim())?.groups ?? {}
  if (mark === undefined) return undefined
  if (mark === '.' || Number(a) > 12) return 'd/M'
  return Number(b) > 12 ? 'M/d' : undefined
}

/** Whether a date has two meanings, such as 3/4/2026. */
export function isAmbiguous(text: string): boolean {
  const { a, b } = IN_ORDER.exec(text.trim())?.groups ?? {}
  return a !== undefined && Number(a) !== Number(b) && shownOrder(text) === undefined
}

function dateOf(
  read: (text: string) => Parts | undefined,
  cells: DateCells,
  zones: { times: string; days: string },
): ReadDate | undefined {
  try {
    const parts = read(withPlainSpaces(cells.date))
    if (parts === undefined || parts.day.year < OLDEST_YEAR) return undefined
    const own = cells.time && parts.time === undefined ? readTime(withPlainSpaces(cells.time)) : parts
    if (own === undefined) return undefined
    const { time } = own
    const said = own.zone ?? (time && cells.zone ? cells.zone : undefined)
    const zone = time === undefined ? zones.days : said === undefined ? zones.times : zoneOf(said, zones.days)
    if (zone === undefined) return undefined
    const wall = parts.day.toPlainDateTime(time ?? NOON)
    const at = /^[+-]/.test(zone)
      ? new Date(`${wall.toString({ smallestUnit: 'millisecond' })}${zone}`)
      : instantOf(wall.toString(), zone)
    return { at, hasTime: time !== undefined }
  } catch (error) {
    // Such as 31 February, or 25:00.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Node and Chrome write narrow spaces before PM. */
const withPlainSpaces = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ').trim()

function readPlain(text: string, order: DayOrder | undefined): Parts | undefined {
  const match = [YEAR_FIRST, NAMED_MONTH, NAMED_FIRST, IN_ORDER].map((form) => form.exec(text)).find(Boolean)
  const { y = '', m, d = '', name, a = '', b = '', mark } = match?.groups ?? {}
  if (!match) return undefined
  const rest = text.slice(match[0].length).replace(/^(T|,?\s+)/i, '')
  const time = rest === '' ? { time: undefined, zone: undefined } : readTime(rest)
  if (time === undefined) return undefined
  if (mark !== undefined) {
    const shown = shownOrder(text) ?? (a === b || Number(a) === Number(b) ? 'd/M' : order)
    if (shown === undefined || (order !== undefined && shown !== order && Number(a) !== Number(b))) return undefined
    return { day: dayOf(y, shown === 'd/M' ? b : a, shown === 'd/M' ? a : b), ...time }
  }
  const month = name === undefined ? m : String(MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1)
  return { day: dayOf(y, month ?? '', d), ...time }
}

/** @throws RangeError when it is no day of the calendar */
function dayOf(year: string, month: string, day: string): Temporal.PlainDate {
  const full = year.length === 2 ? 2000 + Number(year) : Number(year)
  return Temporal.PlainDate.from({ year: full, month: Number(month), day: Number(day) }, { overflow: 'reject' })
}

/** @throws RangeError when it is no time of a day */
function readTime(text: string): Pick<Parts, 'time' | 'zone'> | undefined {
  const match = TIME.exec(text)
  const { h = '', min = '', s = '0', f = '', half } = match?.groups ?? {}
  if (!match) return undefined
  if (half !== undefined && (Number(h) < 1 || Number(h) > 12)) return undefined
  const hour = half === undefined ? Number(h) : (Number(h) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  const nanoseconds = Number(f.padEnd(9, '0'))
  const time = Temporal.PlainTime.from(
    { hour, minute: Number(min), second: Number(s), millisecond: Math.trunc(nanoseconds / 1e6) },
    { overflow: 'reject' },
  )
  return { time, zone: text.slice(match[0].length).trim() || undefined }
}

function formatReader(format: string): (text: string) => Parts | undefined {
  checkFormat(format)
  // A quote is an ordinary character here, but begins a literal in Luxon's formats.
  const luxonFormat = format.replaceAll("'", "''")
  const parser = DateTime.buildFormatParser(luxonFormat, IN_UTC)
  const hasTime = /h/i.test(format)
  const read = (text: string): Omit<Parts, 'zone'> | undefined => {
    const given = format.includes('a') ? text.replace(HALF_OF_DAY, '$1m') : text
    const parsed = DateTime.fromFormatParser(given, parser, IN_UTC)
    // Luxon reads 13 PM as 1 PM and 24:00 as midnight, and accepts four digits where the format has two.
    if (!parsed.isValid || plain(parsed.toFormat(luxonFormat)) !== plain(given)) return undefined
    const { month, day, hour, minute, second } = parsed
    const year = format.includes('yyyy') ? parsed.year : 2000 + (parsed.year % 100)
    return {
      day: Temporal.PlainDate.from({ year, month, day }),
      time: hasTime ? Temporal.PlainTime.from({ hour, minute, second }) : undefined,
    }
  }
  return (text) => {
    const whole = read(text)
    if (whole !== undefined) return { ...whole, zone: undefined }
    // An offset or a zone stands behind the time, not in the format.
    const zone = hasTime ? /\s?([+-]\d\d:?\d\d|Z|[A-Z]{3,5})$/i.exec(text) : null
    const without = zone ? read(text.slice(0, zone.index)) : undefined
    return without && { ...without, zone: zone?.[1] }
  }
}

/** A text without the variations that a format allows: upper or lower case, and a zero before one digit. */
function plain(text: string): string {
  return text.toUpperCase().replace(/(?<!\d)0(?=\d(?!\d))/g, '')
}

/** @throws ServiceError naming what is missing from the format or not understood */
function checkFormat(format: string): void {
  const seen = new Set<string>()
  if (/\d/.test(format)) {
    throw new ServiceError(
      'invalid_argument',
      `--date-format ${format}: it holds a number. An offset such as -0400 is read without being named.`,
    )
  }
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
