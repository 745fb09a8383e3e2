import { Decimal } from '../money/money.ts'
import { isUuid } from '../uuid.ts'
import type { CsvRow } from './csv.ts'
import type { NumberKind, NumberReader } from './numbers.ts'

const YES = new Set(['true', 'yes', 'y', '1'])
const NO = new Set(['false', 'no', 'n', '0'])

export interface DecimalRange {
  required?: boolean
  kind: NumberKind
  /** How many digits the database keeps before and after the decimal point. */
  digits: number
  decimals: number
  /** Smallest value allowed. */
  min?: number
}

/** numeric(20,4), rounded to the currency's minor unit. */
export const AMOUNT: DecimalRange = { kind: 'amount', digits: 16, decimals: Infinity, min: 0 }
/** numeric(20,4): the price and the cost of one may be finer than the minor unit. */
export const PRICE: DecimalRange = { kind: 'price', digits: 16, decimals: 4, min: 0 }
export const COST: DecimalRange = { ...PRICE, kind: 'cost' }
/** numeric(14,3) */
export const QUANTITY: DecimalRange = { kind: 'quantity', digits: 11, decimals: 3 }

/** Longest code (order number, SKU, client code, method) and longest name or other text. */
export const MAX_CODE = 100
const MAX_TEXT = 500

/** Reads the values of one row and collects what is wrong with them. An empty value is null: not stated. */
export class Fields {
  readonly faults: string[]
  readonly #cells: Record<string, string>
  readonly #numbers: NumberReader

  constructor(row: CsvRow, numbers: NumberReader) {
    this.#cells = row.cells
    this.#numbers = numbers
    this.faults = row.fault === undefined ? [] : [row.fault]
  }

  text(column: string, options: { required?: boolean; max?: number } = {}): string | null {
    const value = this.#cells[column] || null
    const max = options.max ?? MAX_TEXT
    if (value === null && options.required) return this.#fault(`${column} is missing`)
    if (value !== null && value.length > max) return this.#fault(`${column} is longer than ${max} characters`)
    return value
  }

  /** A SKU, code or number. One in the form of an id would look like the id of another row. */
  code(column: string, { prefix = '', ...options }: { required?: boolean; prefix?: string } = {}): string | null {
    const text = this.text(column, { ...options, max: MAX_CODE - prefix.length })
    const value = text === null ? null : prefix + text
    if (value !== null && isUuid(value)) return this.#fault(`${column} ${quote(value)} has the form of an id (a UUID)`)
    return value
  }

  decimal(column: string, range: DecimalRange): Decimal | null {
    const text = this.#cells[column] || null
    if (text === null) return range.required ? this.#fault(`${column} is missing`) : null
    const value = this.#numbers.read(text, range.kind)
    if (typeof value === 'string') return this.#fault(`${column} ${quote(text)} ${value}`)
    const fault = rangeFault(value, range)
    return fault === undefined ? value : this.#fault(`${column} ${quote(text)} ${fault}`)
  }

  integer(column: string, max: number): number | null {
    const value = this.decimal(column, { kind: 'quantity', digits: 11, decimals: 0, min: 0 })
    if (value?.gt(max)) return this.#fault(`${column} is more than ${max}`)
    return value === null ? null : value.toNumber()
  }

  flag(column: string): boolean | null {
    const text = this.#cells[column]?.toLowerCase() || null
    if (text === null) return null
    if (YES.has(text) || NO.has(text)) return YES.has(text)
    return this.#fault(`${column} ${quote(text)} is neither true nor false`)
  }

  oneOf(column: string, choices: readonly string[]): string | null {
    const text = this.#cells[column]?.toLowerCase() || null
    if (text === null || choices.includes(text)) return text
    return this.#fault(`${column} ${quote(text)} is none of ${choices.join(', ')}`)
  }

  /** Adds a fault of the row. */
  fault(reason: string): void {
    this.faults.push(reason)
  }

  #fault(reason: string): null {
    this.faults.push(reason)
    return null
  }
}

/** Quotes a value of the file in a reason, cut so that the reason stays readable. */
export function quote(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`
}

/** Why a number does not fit, or undefined. */
export function rangeFault(value: Decimal, { digits, decimals, min }: DecimalRange): string | undefined {
  if (min !== undefined && value.lt(min)) return `is less than ${min}`
  if (value.decimalPlaces() > decimals)
    return decimals === 0 ? 'is not a whole number' : `has more than ${decimals} decimals`
  return value.abs().gte(new Decimal(10).pow(digits)) ? 'is too large' : undefined
}
