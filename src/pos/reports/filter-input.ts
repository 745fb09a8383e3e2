import { Type } from '@sinclair/typebox'
import { sql } from 'kysely'
import type { AuthorizedBusiness } from '../../auth/principal.ts'
import type { Transaction } from '../../database/database.ts'
import { together } from '../../database/together.ts'
import { ServiceError } from '../../errors.ts'
import { Decimal } from '../../money/money.ts'
import { clean, variantName } from '../../results/text.ts'
import { cityOfClients } from '../clients/places.ts'
import { knownOf } from '../known-values.ts'
import { orNone } from '../none.ts'
import { type Place, placeOf } from '../organisation/locations.ts'
import {
  categoryOf,
  clientOf,
  employeeOf,
  nameAndSku,
  noProduct,
  productMeanings,
  quoted,
  supplierOf,
  theOne,
} from '../references.ts'
import { productByWords } from '../suggestions.ts'
import { type Filters, hoursOf, weekdaysOf } from './filters.ts'

/** Filters as arguments: each a name and a value, so that many cost a conversation little. */
export const FilterList = Type.Array(Type.String({ minLength: 3, maxLength: 250 }), {
  default: [],
  maxItems: 12,
  description: 'As groupBy: "category=Café", "client=none", "hour=17-20", "total=100-500"',
})

const NAMES = [
  'location',
  'category',
  'supplier',
  'product',
  'client',
  'city',
  'employee',
  'payment_method',
  'order_type',
  'tax_rate',
  'discounted',
  'hour',
  'weekday',
  'total',
] as const
type Name = (typeof NAMES)[number]

/** Other words for the same. */
const ALIASES: Record<string, Name> = {
  variant: 'product',
  paymentmethod: 'payment_method',
  ordertype: 'order_type',
  taxrate: 'tax_rate',
  locationid: 'location',
  clientid: 'client',
  hours: 'hour',
  weekdays: 'weekday',
  amount: 'total',
  order_total: 'total',
}

/**
 * Filters by their names.
 * @param texts such as `category=Café`, `total>=500`
 * @throws ServiceError `invalid_argument` with the valid names
 */
export function parseFilters(texts: readonly string[]): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {}
  for (const text of texts) {
    const [, word = '', sign = '', value = ''] = /^\s*([a-z_]+)\s*(>=|<=|=|:)\s*(.+?)\s*$/i.exec(text) ?? []
    const name = NAMES.find((each) => each === word.toLowerCase()) ?? ALIASES[word.toLowerCase()]
    if (name === undefined) throw wrongFilter(text)
    const isLimit = sign === '>=' || sign === '<='
    if (isLimit && name !== 'total') throw wrongFilter(text)
    const before = found[name]
    if (before !== undefined && !isLimit) {
      throw new ServiceError('invalid_argument', `filters has ${name} twice; each takes one value.`, {
        hint: `For several, group by ${name}, or ask once for each.`,
      })
    }
    // "total>=100" and "total<=500" together are "total=100-500".
    found[name] = !isLimit
      ? value
      : sign === '>='
        ? `${value}-${before?.split('-')[1] ?? ''}`
        : `${before?.split('-')[0] ?? ''}-${value}`
  }
  return found
}

function wrongFilter(text: string): ServiceError {
  return new ServiceError(
    'invalid_argument',
    `filters: ${quoted(text)} is not a filter. Each is a name and a value, as "category=Café" or "client=none"; the names are ${NAMES.join(', ')}.`,
    { hint: hintOn(text) },
  )
}

function hintOn(text: string): string {
  if (/!=|<>|\bnot\b/i.test(text))
    return 'A filter says what is kept: to leave one out, group by it and leave its row out.'
  return /[<>]/.test(text) ? 'Only total has limits: "total>=100", "total<=500".' : 'For days use from and to.'
}

/**
 * The place and the filters that arguments name.
 * @throws ServiceError naming the argument and valid choices
 */
export async function filtersOf(
  db: Transaction,
  business: AuthorizedBusiness,
  { locationId, ...asked }: { locationId?: string | undefined } & Partial<Record<Name, string | undefined>>,
): Promise<{ place: Place; filters: Filters }> {
  if (locationId !== undefined && asked.location !== undefined) {
    throw new ServiceError('invalid_argument', 'locationId and the filter location are both given. Leave one out.')
  }
  const given = <Value>(value: string | undefined, read: (text: string) => Value) =>
    value === undefined ? undefined : read(value)
  const own = {
    discounted: given(asked.discounted, yesOrNo),
    hours: given(asked.hour, hoursOf),
    weekdays: given(asked.weekday, weekdaysOf),
    amount: given(asked.total, amountRangeOf),
  }
  const named = <Found>(kind: Parameters<typeof orNone>[2], find: (text: string) => Promise<Found> | Found) =>
    given(asked[kind], (text) => orNone(db, business.id, kind, text, find))
  const isRead = { isRead: true }
  const [place, category, supplier, product, client, city, taxRate, employee, paymentMethod, orderType] =
    await together([
      placeOf(db, business, locationId ?? asked.location),
      named('category', (text) => categoryOf(db, business.id, text, 'category', isRead)),
      named('supplier', (text) => supplierOf(db, business.id, text, 'supplier', isRead)),
      given(asked.product, (text) => productOf(db, business.id, text)),
      named('client', (text) => clientOf(db, business.id, text, 'client', isRead)),
      named('city', (text) => cityOfClients(db, business.id, text)),
      named('tax_rate', rateOf),
      named('employee', (text) => employeeOf(db, business.id, text, 'employee', isRead)),
      named('payment_method', (text) => knownOf(db, business.id, 'payment_method', text)),
      given(asked.order_type, (text) => knownOf(db, business.id, 'order_type', text)),
    ])
  const filters = {
    category: category && { id: category.id, name: clean(category.name, 60) },
    supplier: supplier && { id: supplier.id, name: clean(supplier.name, 60) },
    product,
    client: client && { id: client.id, name: client.name, ref: client.code },
    city,
    taxRate,
    employee: employee && { id: employee.id, name: clean(employee.name, 60), ref: clean(employee.number, 40) },
    paymentMethod,
    orderType,
    ...own,
  }
  return {
    place,
    filters: Object.fromEntries(Object.entries(filters).filter(([, filter]) => filter !== undefined)),
  }
}

function yesOrNo(text: string): boolean {
  if (/^(true|yes|1)$/i.test(text)) return true
  if (/^(false|no|0)$/i.test(text)) return false
  throw new ServiceError('invalid_argument', 'filters: discounted must be yes or no.')
}

const AMOUNT = /^\d{1,12}(?:\.\d{1,4})?$/

function amountRangeOf(text: string): { from?: string; to?: string } {
  const [from = '', to = from, ...more] = text.split('-').map((part) => part.trim())
  const isAmount = (part: string) => part === '' || AMOUNT.test(part)
  const isRange = from !== '' && to !== '' && Number(from) > Number(to)
  if (more.length > 0 || !isAmount(from) || !isAmount(to) || (from === '' && to === '') || isRange) {
    throw new ServiceError(
      'invalid_argument',
      'filters: total must be a range of order totals such as "100-500", "500-" or "-20.50".',
    )
  }
  return { ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) }
}

function rateOf(text: string): string {
  const [, percent] = /^(\d{1,2}(?:\.\d{1,4})?)\s*%?$/.exec(text) ?? []
  if (percent === undefined)
    throw new ServiceError('invalid_argument', 'filters: tax_rate must be a percentage such as "12".')
  return new Decimal(percent).div(100).toFixed()
}

/**
 * A product or variant by id, SKU, barcode or name. A name that several variants share is the product as a whole; words
 * that a single product has are that one, which the answer names.
 */
async function productOf(db: Transaction, businessId: string, reference: string) {
  const rows = await db
    .selectFrom(productMeanings(businessId, [reference]).as<'m'>(sql`m`))
    .innerJoin('product as p', (join) => join.on('p.business_id', '=', businessId).onRef('p.id', '=', 'm.product_id'))
    .leftJoin('product_variant as v', (join) =>
      join.on('v.business_id', '=', businessId).onRef('v.id', '=', 'm.variant_id'),
    )
    .select(['m.tier', 'm.product_id', 'm.variant_id', 'p.name', 'v.label', 'v.sku'])
    .orderBy('m.tier')
    .limit(20)
    .execute()
  const meant = rows.map((row) => ({ ...row, id: row.variant_id ?? row.product_id, sku: row.sku ?? '' }))
  const found = theOne(meant, { argument: 'product', reference, describe: nameAndSku })
  if (found === undefined) {
    const { only, near } = await productByWords(db, businessId, reference)
    if (only === undefined) throw noProduct([reference], 'product', near)
    const { productId, variantId } = only
    return { productId, variantId, name: variantName(only, 60), ref: clean(only.sku, 60) }
  }
  const isWhole = found.variant_id === null
  return {
    productId: found.product_id,
    variantId: found.variant_id,
    name: isWhole ? clean(found.name, 60) : variantName(found, 60),
    ref: clean(isWhole ? found.name : found.sku, 60),
  }
}
