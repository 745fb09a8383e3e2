import { type Currency, Decimal } from '../money/money.ts'

export type DecimalMark = '.' | ','

/** What a number of the file is: it decides what is asked of its decimals. */
export type NumberKind = 'amount' | 'price' | 'cost' | 'quantity'

export interface NumberReader {
  /**
   * Reads a number as a person or a program writes it: with the currency's sign, grouped or not.
   * @returns the number, or what is wrong with it
   */
  read(text: string, kind: NumberKind): Decimal | string
}

export interface NumberForm {
  /** What `--decimal` says. */
  decimal?: DecimalMark | undefined
  /** What the amounts of the file show. */
  amounts?: Evidence | undefined
  /** What its quantities show: they may be written otherwise. */
  quantities?: Evidence | undefined
}

export interface Evidence {
  mark: DecimalMark
  line: number
}

const NOT_A_NUMBER = 'is not a plain decimal number such as 1234.50'
const MINUS = /^[-−]|[-−]$|^\(.*\)$/
const SPACES = /[\s\u00a0\u202f]/g
// Groups of two are Indian: 1,00,000.
const BY_MARK: Record<DecimalMark, RegExp> = {
  '.': /^(?:\d+|[1-9]\d{0,2}(?:,\d{2,3})*,\d{3})?(?:\.\d*)?$/,
  ',': /^(?:\d+|[1-9]\d{0,2}(?:\.\d{2,3})*\.\d{3})?(?:,\d*)?$/,
}
const GROUPED_BY_SPACE = /^\d{1,3}([ '’]\d{3})+(?=[.,]|$)/

/**
 * Makes a reader for numbers of a business. Where two readings differ (1.990 is one peso and 99, or 1990 pesos), the
 * option decides, else the other amounts of the file; a number that these leave open is refused.
 */
export function numberReader({ currency, currencyDigits }: Currency, form: NumberForm): NumberReader {
  const signs = signsOf(currency)
  return {
    read(text, kind) {
      const plain = withoutSign(text, signs)
      if (plain === undefined) return NOT_A_NUMBER
      const value = meaningOf(plain.digits, kind, currencyDigits, form)
      if (typeof value === 'string') return value
      const isWhole = currencyDigits === 0 && (kind === 'amount' || kind === 'price')
      if (isWhole && !value.isInteger()) return `has decimals, which ${currency} has not (see --decimal)`
      return plain.isNegative ? value.negated() : value
    },
  }
}

/** The decimal mark that a number shows by itself, as 12.50 and 1.234,50 do and 1.234 does not. */
export function evidentMark(text: string, currency: string): DecimalMark | undefined {
  const digits = withoutSign(text, signsOf(currency))?.digits
  if (digits === undefined || !/[.,]/.test(digits)) return undefined
  const { dot, comma } = readings(digits)
  return dot && !comma ? '.' : comma && !dot ? ',' : undefined
}

function meaningOf(digits: string, kind: NumberKind, currencyDigits: number, form: NumberForm): Decimal | string {
  const { dot, comma } = readings(digits)
  if (!dot && !comma) return NOT_A_NUMBER
  const { decimal } = form
  const evident = kind === 'quantity' ? (form.quantities ?? form.amounts) : form.amounts
  if (dot && comma && !dot.eq(comma)) {
    const choice = `may be ${dot.toFixed()} or ${comma.toFixed()}`
    if (kind === 'quantity' && decimal && form.quantities && form.quantities.mark !== decimal) {
      return `${choice}: line ${form.quantities.line} has "${form.quantities.mark}" before its decimals`
    }
    // Three digits behind the only mark: a quantity may be 1.250 kg, but an amount of a currency with cents is hardly
    // ever 1.250.
    const hasThree = kind === 'quantity' || currencyDigits >= 3
    const shown = markOf(digits)
    const mark = decimal ?? (evident?.mark !== shown || hasThree ? evident?.mark : undefined)
    if (mark !== undefined) return mark === '.' ? dot : comma
    return hasThree && shown === '.' ? dot : `${choice}: say --decimal . or --decimal ,`
  }
  const value = (dot ?? comma) as Decimal
  const shown = dot && comma ? undefined : dot ? '.' : ','
  const expected = decimal ?? evident?.mark
  // A quantity of 0.5 has one meaning, also in a file that writes 1.990 for a thousand.
  if (shown === undefined || expected === undefined || shown === expected || kind === 'quantity') return value
  return `has "${shown}" before its decimals, ${decimal ? '--decimal says' : `line ${evident?.line} has`} "${expected}"`
}

const markOf = (digits: string): DecimalMark => (digits.includes('.') ? '.' : ',')

/** What a number without sign can mean, by decimal mark. */
function readings(digits: string): { dot: Decimal | undefined; comma: Decimal | undefined } {
  const read = (mark: DecimalMark, group: string) =>
    BY_MARK[mark].test(digits) ? new Decimal(digits.replaceAll(group, '').replace(mark, '.')) : undefined
  return /\d/.test(digits) ? { dot: read('.', ','), comma: read(',', '.') } : { dot: undefined, comma: undefined }
}

function withoutSign(text: string, signs: readonly string[]): { digits: string; isNegative: boolean } | undefined {
  let rest = text.trim()
  // "-$3.00", "$-3.00", "($3.00)": the sign of the currency may stand on either side of the minus.
  const strip = () => {
    const sign = signs.find((each) => rest.startsWith(each) || rest.endsWith(each))
    if (sign !== undefined)
      rest = (rest.startsWith(sign) ? rest.slice(sign.length) : rest.slice(0, -sign.length)).trim()
  }
  strip()
  const isNegative = MINUS.test(rest)
  if (isNegative) rest = rest.replace(/^[-−(]|[-−)]$/g, '').trim()
  else if (rest.startsWith('+')) rest = rest.slice(1)
  strip()
  const digits = rest.replace(SPACES, ' ').replace(GROUPED_BY_SPACE, (grouped) => grouped.replace(/[ '’]/g, ''))
  return /^[\d.,]+$/.test(digits) ? { digits, isNegative } : undefined
}

const known = new Map<string, string[]>()

/** How a currency is written beside an amount, longest first: `US$`, `USD`, `$`. */
function signsOf(currency: string): string[] {
  let signs = known.get(currency)
  if (signs === undefined) {
    const written = (['symbol', 'narrowSymbol'] as const).map(
      (currencyDisplay) =>
        new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay })
          .formatToParts(0)
          .find(({ type }) => type === 'currency')?.value ?? currency,
    )
    signs = [...new Set([currency, ...written])].sort((a, b) => b.length - a.length)
    known.set(currency, signs)
  }
  return signs
}
