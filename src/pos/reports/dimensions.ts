/** What the rows of a report can be. */
export const DIMENSIONS = [
  'day',
  'week',
  'month',
  'quarter',
  'weekday',
  'hour',
  'location',
  'category',
  'supplier',
  'product',
  'variant',
  'client',
  'city',
  'employee',
  'payment_method',
  'order_type',
  'order_total',
  'tax_rate',
  'discounted',
] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** Dimensions of time, whose rows are in order and have days. */
export const TIMES = ['day', 'week', 'month', 'quarter', 'weekday', 'hour'] as const
export type Time = (typeof TIMES)[number]

export function isTime(dimension: Dimension | undefined): dimension is Time {
  return TIMES.includes(dimension as Time)
}

/** Whether the rows of a dimension have an order of their own, in which they come unless they are sorted. */
export function isOrdered(dimension: Dimension | undefined): boolean {
  return isTime(dimension) || dimension === 'order_total'
}

/** Stretches of days in the order of the calendar, each of which comes once. */
export type Calendar = 'day' | 'week' | 'month' | 'quarter'

export function isCalendar(dimension: Dimension | undefined): dimension is Calendar {
  return isTime(dimension) && dimension !== 'weekday' && dimension !== 'hour'
}

/** Whether rows are told per day, since the window holds several days of each. */
export function isPerDay(groupBy: readonly Dimension[]): boolean {
  return groupBy.some((dimension) => dimension === 'weekday' || dimension === 'hour')
}

/** The columns that sources divide sales by, besides the day. */
export type Column =
  | 'location_id'
  | 'hour'
  | 'product_id'
  | 'variant_id'
  | 'category_id'
  | 'supplier_id'
  | 'customer_id'
  | 'city'
  | 'employee_id'
  | 'method'
  | 'order_type'
  | 'order_total'
  | 'tax_rate'
  | 'is_discounted'

/** The column that a dimension is made of; null: only the day. */
export const COLUMN_OF: Record<Dimension, Column | null> = {
  day: null,
  week: null,
  month: null,
  quarter: null,
  weekday: null,
  hour: 'hour',
  location: 'location_id',
  category: 'category_id',
  supplier: 'supplier_id',
  product: 'product_id',
  variant: 'variant_id',
  client: 'customer_id',
  city: 'city',
  employee: 'employee_id',
  payment_method: 'method',
  order_type: 'order_type',
  order_total: 'order_total',
  tax_rate: 'tax_rate',
  discounted: 'is_discounted',
}

/** Of columns that a source does not have: the one by which they are looked up. */
export const LOOKED_UP_BY: Partial<Record<Column, Column>> = {
  category_id: 'product_id',
  supplier_id: 'product_id',
  city: 'customer_id',
}

/** The columns that only lines of orders have. */
export const LINE_COLUMNS: readonly Column[] = ['product_id', 'variant_id', 'category_id', 'supplier_id', 'tax_rate']

/** What rows without a value of a dimension are called. */
export const UNKNOWN: Record<Dimension, string> = {
  day: 'unknown day',
  week: 'unknown week',
  month: 'unknown month',
  quarter: 'unknown quarter',
  weekday: 'unknown weekday',
  hour: 'unknown time',
  location: 'unknown location',
  category: 'No category',
  supplier: 'no supplier',
  product: 'unknown product',
  variant: 'unknown product',
  client: 'no client',
  city: 'no client or no city',
  employee: 'unknown employee',
  payment_method: 'no known payment',
  order_type: 'unknown type',
  order_total: 'unknown total',
  tax_rate: 'rate not stated',
  discounted: 'unknown',
}

/** What rows are called in text, in the plural. */
export const PLURAL: Record<Dimension, string> = {
  day: 'days',
  week: 'weeks',
  month: 'months',
  quarter: 'quarters',
  weekday: 'weekdays',
  hour: 'hours',
  location: 'locations',
  category: 'categories',
  supplier: 'suppliers',
  product: 'products',
  variant: 'products',
  client: 'clients',
  city: 'cities',
  employee: 'employees',
  payment_method: 'payment methods',
  order_type: 'order types',
  order_total: 'bands of order totals',
  tax_rate: 'tax rates',
  discounted: 'rows',
}
