import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { ServiceError } from '../../errors.ts'
import { weekdayName } from '../../time/local.ts'
import { isoWeekday } from '../conditions.ts'
import { normalised } from '../search.ts'
import type { Column } from './dimensions.ts'
import type { FilterName } from './plan.ts'

/** A row that a filter names. */
export interface Named {
  id: string
  name: string
  /** By which tools take it: a code or a number. */
  ref?: string
}

/** The filters of a question besides its location; null asks for what has none. */
export interface Filters {
  category?: Named | null
  supplier?: Named | null
  /** A product as a whole, or one of its variants. */
  product?: { productId: string; variantId: string | null; name: string; ref: string }
  client?: Named | null
  /** Null: clients without one, and no client. */
  city?: string | null
  /** As a fraction. */
  taxRate?: string | null
  employee?: Named | null
  /** Null: what is not known to be paid. */
  paymentMethod?: string | null
  orderType?: string
  discounted?: boolean
  /** Whole hours, `to` not counted; from 22 to 2 goes over midnight. */
  hours?: { from: number; to: number }
  /** ISO weekdays, 1 = Monday. */
  weekdays?: readonly number[]
  /** Limits of an order's total, both counted. */
  amount?: { from?: string; to?: string }
}

/** The kinds of filters that are set: a product as a whole and one of its variants are read from different columns. */
export function filterNames(filters: Filters): ReadonlySet<FilterName> {
  const isVariant = filters.product != null && filters.product.variantId !== null
  return new Set(
    Object.keys(filters).map((name) => (name === 'product' && isVariant ? 'variant' : (name as FilterName))),
  )
}

const HALF = String.raw`\s*(h|[ap]\.?m\.?)?`
const HOURS = new RegExp(String.raw`^\s*(\d{1,2})(?::00)?${HALF}\s*(?:-|–|to|a)\s*(\d{1,2})(?::00)?${HALF}\s*$`, 'i')

/**
 * Hours as people write them: `17-20`, `17:00–20:00`, `22 to 2`, `5-8pm`.
 * @throws ServiceError `invalid_argument`
 */
export function hoursOf(text: string): { from: number; to: number } {
  const [, from, half, to, otherHalf = ''] = HOURS.exec(text) ?? []
  // "5-8pm" is of the evening as a whole, "11-2pm" is not.
  const end = hourOfDay(to, otherHalf)
  const hours = {
    from: hourOfDay(from, half ?? (Number(from) < Number(to) ? otherHalf : '')),
    to: end % 24 === 0 ? 24 : end,
  }
  if (Number.isNaN(hours.from + hours.to) || hours.from > 23 || hours.to > 24 || hours.from === hours.to) {
    throw new ServiceError(
      'invalid_argument',
      'filters: hour must be two whole hours of the day such as "17-20", which ends at 20:00.',
    )
  }
  return hours
}

/** An hour of the day; not a number if it is none of its half. */
function hourOfDay(text: string | undefined, half: string): number {
  const hour = Number(text)
  if (!/m/i.test(half)) return hour
  return hour < 1 || hour > 12 ? Number.NaN : (hour % 12) + (/^p/i.test(half) ? 12 : 0)
}

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7]
const WEEKENDS = [6, 7]

/**
 * Weekdays as people write them: `Saturday, Sunday`, `mon-fri`, `Monday to Friday`, `weekend`, `weekdays`; in Spanish, too.
 * @returns ISO weekdays in order
 * @throws ServiceError `invalid_argument`
 */
export function weekdaysOf(text: string): readonly number[] {
  const parts = text
    .replace(/\bfin(es)? de semana\b/gi, 'weekend')
    .replace(/\bentre semana\b/gi, 'weekdays')
    .replace(/\s+(?:to|through|al?)\s+/gi, '-')
    .split(/[,;\s]+(?:(?:and|y)\s+)?/i)
    .filter((part) => part !== '')
    .flatMap(weekdaysOfPart)
  if (parts.length === 0) throw wrongWeekday(text)
  return WEEKDAYS.filter((day) => parts.includes(day))
}

function weekdaysOfPart(part: string): readonly number[] {
  if (/^weekends?$/i.test(part)) return WEEKENDS
  if (/^weekdays?$/i.test(part)) return WEEKDAYS.filter((day) => !WEEKENDS.includes(day))
  const [first = '', last = first, ...more] = part.split(/[-–]/)
  const [from, to] = [weekdayOf(first), weekdayOf(last)]
  if (from === undefined || to === undefined || more.length > 0) throw wrongWeekday(part)
  // Friday to Monday goes over the end of the week.
  return WEEKDAYS.filter((day) => (from <= to ? from <= day && day <= to : day >= from || day <= to))
}

function weekdayOf(text: string): number | undefined {
  const name = normalised(text).replace(/s$/, '')
  if (name.length < 3) return undefined
  return WEEKDAYS.find((day) =>
    [weekdayName(day), SPANISH[day - 1] as string].some((each) => normalised(each).startsWith(name)),
  )
}

const SPANISH = ['lunes', 'martes', 'miércoles', 'jueves', 'viernes', 'sábado', 'domingo']

function wrongWeekday(text: string): ServiceError {
  return new ServiceError(
    'invalid_argument',
    `filters: weekday ${JSON.stringify(text.slice(0, 40))} must be names such as "Mon-Fri" or "Saturday, Sunday", "weekdays" or "weekend".`,
  )
}

/** Names of weekdays in a sentence. */
export function weekdayList(days: readonly number[]): string {
  if (days.join() === '1,2,3,4,5') return 'Monday to Friday'
  return days.map(weekdayName).join(', ')
}

/** Hours in a sentence, which says that the end is not counted: `17:00 until before 20:00`. */
export function hourRange({ from, to }: { from: number; to: number }): string {
  return `${clock(from)} until before ${clock(to)}`
}

/** An hour of the day: `17:00`. */
export function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`
}

/** Whether an hour lies within filtered ones. */
export function isWithinHours({ from, to }: { from: number; to: number }, hour: number): boolean {
  return from < to ? from <= hour && hour < to : hour >= from || hour < to
}

/** The condition of cells `c` that their columns tell; amounts and payments of orders are conditions of raw rows. */
export function cellConditions(
  filters: Filters,
  { businessId, isByMethod, columns }: { businessId: string; isByMethod: boolean; columns: readonly Column[] },
): RawBuilder<SqlBool> {
  const { product, client, city, employee, paymentMethod, orderType, taxRate, discounted, weekdays } = filters
  const conditions: RawBuilder<SqlBool>[] = []
  for (const by of ['category', 'supplier'] as const) {
    const named = filters[by]
    if (named === undefined) continue
    conditions.push(
      columns.includes(`${by}_id`)
        ? isOf(`c.${by}_id`, named)
        : sql`c.product_id in (select p.id from product p where p.business_id = ${businessId} and ${isOf(`p.${by}_id`, named)})`,
    )
  }
  if (product !== undefined) {
    conditions.push(
      product.variantId === null ? sql`c.product_id = ${product.productId}` : sql`c.variant_id = ${product.variantId}`,
    )
  }
  if (client !== undefined) conditions.push(isOf('c.customer_id', client))
  if (city !== undefined && columns.includes('city')) {
    // All ways to write it, looked up once among those of clients rather than for each cell.
    const ways = sql`select u.city from (select distinct city_name(city) as city from customer where business_id = ${businessId}) u
      where search_text(u.city) = search_text(${city})`
    conditions.push(city === null ? sql`c.city = ''` : sql`c.city = any(array(${ways}))`)
  } else if (city !== undefined) {
    const ofCity = (is: RawBuilder<SqlBool>) =>
      sql`c.customer_id in (select u.id from customer u where u.business_id = ${businessId} and ${is})`
    conditions.push(
      city === null
        ? sql`(c.customer_id is null or ${ofCity(sql`city_name(u.city) = ''`)})`
        : sql`${ofCity(sql`search_text(city_name(u.city)) = search_text(${city})`)}`,
    )
  }
  if (taxRate !== undefined) {
    conditions.push(taxRate === null ? sql`c.tax_rate is null` : sql`c.tax_rate = ${taxRate}::numeric`)
  }
  if (employee !== undefined) conditions.push(isOf('c.employee_id', employee))
  if (isByMethod && paymentMethod !== undefined) {
    conditions.push(paymentMethod === null ? sql`c.method is null` : sql`lower(c.method) = lower(${paymentMethod})`)
  }
  if (orderType !== undefined) conditions.push(sql`lower(c.order_type) = lower(${orderType})`)
  if (discounted !== undefined) conditions.push(sql`c.is_discounted = ${discounted}`)
  if (weekdays !== undefined) conditions.push(sql`${isoWeekday(sql`c.day`)} = any(${weekdays}::integer[])`)
  return conditions.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`(${sql.join(conditions, sql` and `)})`
}

/** Whether a column has the id of a row, or that of none. */
function isOf(column: string, row: Named | null): RawBuilder<SqlBool> {
  return row === null ? sql`${sql.ref(column)} is null` : sql`${sql.ref(column)} = ${row.id}`
}

/** Whether the hour of cells `c` is within filtered ones; null where it is not known. */
export function hourCondition({ from, to }: { from: number; to: number }): RawBuilder<SqlBool> {
  return from < to
    ? sql<SqlBool>`(c.hour >= ${from} and c.hour < ${to})`
    : sql<SqlBool>`(c.hour >= ${from} or c.hour < ${to})`
}

/** The condition of raw orders `o` that only they can tell. */
export function orderConditions(
  { amount, paymentMethod, client }: Filters,
  { isByMethod }: { isByMethod: boolean },
): RawBuilder<SqlBool> {
  const conditions: RawBuilder<SqlBool>[] = []
  if (amount?.from !== undefined) conditions.push(sql`o.total >= ${amount.from}::numeric`)
  if (amount?.to !== undefined) conditions.push(sql`o.total <= ${amount.to}::numeric`)
  if (!isByMethod && paymentMethod !== undefined) {
    const payments = sql`from order_payment m where m.business_id = o.business_id and m.order_id = o.id`
    // As the rows by method count it: what is paid is not the total.
    conditions.push(
      paymentMethod === null
        ? sql`o.total <> coalesce((select sum(m.amount) ${payments}), 0)`
        : sql`exists (select ${payments} and lower(m.method) = lower(${paymentMethod}))`,
    )
  }
  // Named here, too, where an index knows it.
  if (client !== undefined) conditions.push(isOf('o.customer_id', client))
  return conditions.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`(${sql.join(conditions, sql` and `)})`
}
