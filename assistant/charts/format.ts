import { type Words, wordsIn } from './words.ts'

/** Writes values as the host's person reads them. Amounts are exact decimals and are never rounded here. */
export interface Say {
  words: Words
  locale: string
  /** @param currency ISO 4217 */
  money(amount: string, currency: string): string
  /** A short form for axes. */
  short(value: number): string
  number(value: string): string
  /** With its sign. */
  change(percent: string): string
  percent(value: string): string
  date(date: string): string
  days(from: string, to: string): string
  weekday(date: string): string
  weekdayName(date: string): string
  hour(hour: number): string
  /** The stretch with that label, such as 2026-11-28, 2026-11 or 2026-Q4. */
  stretch(label: string): string
}

/** @param wanted a language tag of the host, which may be none */
export function sayIn(wanted: string): Say {
  const locale = known(wanted)
  const words = wordsIn(locale)
  const plain = (value: string) => {
    const digits = Math.min(decimalsOf(value), 20)
    return new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })
  }
  const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
  const say: Say = {
    words,
    locale,
    money(amount, currency) {
      if (!isDecimal(amount)) return words.unknown
      if (!/^[A-Z]{3}$/.test(currency)) return say.number(amount)
      const digits = Math.min(decimalsOf(amount), 20)
      return new Intl.NumberFormat(locale, {
        style: 'currency',
        currency,
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }).format(amount as `${number}`)
    },
    short: (value) => short.format(value),
    number: (value) => (isDecimal(value) ? plain(value).format(value as `${number}`) : words.unknown),
    change: (percent) => `${Number(percent) > 0 ? '+' : ''}${say.percent(percent)}`,
    percent: (value) => `${say.number(value)} %`,
    date: (date) => written(date, { day: 'numeric', month: 'short', year: 'numeric' }),
    days(from, to) {
      if (from === to) return written(from, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
      const [first, last] = [dayOf(from), dayOf(to)]
      if (first === undefined || last === undefined) return ''
      return formatOf({ day: 'numeric', month: 'short', year: 'numeric' }).formatRange(first, last)
    },
    weekday: (date) => written(date, { weekday: 'short', day: 'numeric' }),
    weekdayName: (date) => written(date, { weekday: 'long' }),
    hour: (hour) =>
      new Intl.DateTimeFormat(locale, { hour: 'numeric', timeZone: 'UTC' }).format(
        new Date(Date.UTC(2026, 0, 1, hour)),
      ),
    stretch(label) {
      const month = /^(\d{4})-(\d{2})$/.exec(label)
      if (month !== null) return written(`${label}-01`, { month: 'short', year: 'numeric' })
      return dayOf(label) === undefined ? label : written(label, { day: 'numeric', month: 'short' })
    },
  }

  function formatOf(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' })
  }
  // A local day of the business, wherever the person is: it is written as it stands.
  function written(date: string, options: Intl.DateTimeFormatOptions): string {
    const day = dayOf(date)
    return day === undefined ? date : formatOf(options).format(day)
  }
  return say
}

function known(wanted: string): string {
  try {
    return Intl.getCanonicalLocales(wanted)[0] ?? 'en'
  } catch {
    return 'en'
  }
}

function dayOf(date: string): Date | undefined {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(date) ? new Date(`${date}T00:00:00Z`) : undefined
  return day === undefined || Number.isNaN(day.getTime()) ? undefined : day
}

function isDecimal(value: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(value)
}

function decimalsOf(value: string): number {
  return value.split('.')[1]?.length ?? 0
}
