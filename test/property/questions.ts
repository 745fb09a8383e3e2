import fc from 'fast-check'
import { expect } from 'vitest'
import { addDays } from '../../src/time/local.ts'
import { Cube, type CubeFilters, type CubeGroup } from '../support/raw-cube.ts'
import type { Days, RawRows } from '../support/raw-figures.ts'
import type { World } from './world.ts'

// Random questions to get_sales_report: one or two groups, filters and comparisons.

export interface RandomQuestion {
  groups: readonly CubeGroup[]
  filters: CubeFilters
  compare: 'previous' | 'year'
  /** How many days earlier the window begins, before the first sale: a long one is read in another way. */
  earlier: number
}

const GROUPS = [
  'day',
  'week',
  'month',
  'weekday',
  'hour',
  'location',
  'product',
  'supplier',
  'tax_rate',
  'client',
  'discounted',
] as const

const anyFilters: fc.Arbitrary<CubeFilters> = fc.record(
  {
    hours: fc
      .tuple(fc.integer({ min: 0, max: 22 }), fc.integer({ min: 1, max: 12 }))
      .map(([from, length]) => [from, Math.min(24, from + length)] as const),
    weekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    discounted: fc.boolean(),
    atLeast: fc.integer({ min: 0, max: 60 }).map(String),
    method: fc.constantFrom('cash', 'card'),
  },
  { requiredKeys: [] },
)

/** A few questions. */
export const anyQuestions: fc.Arbitrary<RandomQuestion[]> = fc.array(
  fc.record({
    groups: fc.oneof(
      fc.subarray([...GROUPS], { minLength: 1, maxLength: 2 }),
      fc.tuple(fc.constantFrom('week', 'month', 'weekday'), fc.constantFrom('product', 'client')),
    ),
    filters: fc.oneof(fc.constant({}), anyFilters),
    compare: fc.constantFrom('previous', 'year'),
    earlier: fc.constantFrom(0, 70),
  }),
  { minLength: 8, maxLength: 8 },
)

const TIMES = new Set<string>(['day', 'week', 'month', 'weekday', 'hour'])

const NAMES = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

function filterTexts({ hours, weekdays, discounted, atLeast, method }: CubeFilters): string[] {
  return [
    ...(hours === undefined ? [] : [`hour=${hours[0]}-${hours[1]}`]),
    ...(weekdays === undefined ? [] : [`weekday=${weekdays.map((day) => NAMES[day - 1]).join(',')}`]),
    ...(discounted === undefined ? [] : [`discounted=${discounted ? 'yes' : 'no'}`]),
    ...(atLeast === undefined ? [] : [`total>=${atLeast}`]),
    ...(method === undefined ? [] : [`payment_method=${method}`]),
  ]
}

/** Compares the answer to a question with the raw rows. */
export async function checkQuestion(
  world: World,
  { raw, locationId }: { raw: RawRows; locationId: string | undefined },
  { from, to }: Days,
  { groups, filters, compare, earlier }: RandomQuestion,
): Promise<void> {
  const days = { from: addDays(from, -earlier), to }
  const cube = new Cube(raw, locationId)
  const argsOf = (asked: CubeFilters) => ({
    ...{ ...days, groupBy: groups, measures: ['net_sales'], filters: filterTexts(asked), compare, limit: 100 },
    ...(locationId === undefined ? {} : { locationId }),
  })
  let asked = filters
  let { data, text, isError } = await world.call('get_sales_report', argsOf(asked))
  if (isError && text?.startsWith('invalid_argument: payment_method')) {
    const { method, ...others } = filters
    expect(methodsOf(raw), `${text} (${method})`).not.toContain(method)
    asked = others
    ;({ data, text, isError } = await world.call('get_sales_report', argsOf(asked)))
  }
  const about = JSON.stringify(argsOf(asked))
  if (isError) {
    // Too many rows for one answer is the only other reason not to answer.
    expect(text, about).toContain('more rows than fit one answer')
    return
  }
  expect(data.totals.netSales, `${about}, total`).toBe(cube.total(days, groups, asked))
  if (data.about.cut === undefined) {
    expect(Object.fromEntries(cellsOf(data)), about).toEqual(
      Object.fromEntries([...cube.netSales(days, groups, asked)].map(([key, sum]) => [sortedKey(key), sum])),
    )
  }
  const compared = data.comparison[compare] ?? data.comparison.year
  const [group, other] = groups
  const isRanked = group !== undefined && other === undefined && !TIMES.has(group)
  const ranked = isRanked ? await world.call('get_sales_report', { ...argsOf(asked), sort: '-change' }) : undefined
  if (compared.reason !== undefined) {
    if (ranked !== undefined) expect(ranked.text, `${about} by change`).toContain('sort change is not possible')
    return
  }
  const stretch = { from: compared.from, to: compared.to }
  if (ranked !== undefined) {
    const changes = cube.changes({ now: days, before: stretch }, group as CubeGroup, asked, compared.until)
    const inOrder = ranked.data.rows.map((row: (typeof changes)[number]) => row.netSalesChange)
    expect(inOrder, `${about} by change`).toEqual(changes.map(({ netSalesChange }) => netSalesChange))
    // Rows of the same change come in any order.
    const byKey = (rows: typeof changes) => rows.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    expect(byKey(ranked.data.rows), `${about} by change`).toMatchObject(byKey(changes))
  }
  expect(compared.totals.netSales, `${about}, ${compare}`).toBe(cube.total(stretch, groups, asked, compared.until))
}

/** How completed sales were paid. */
function methodsOf({ orders, payments }: RawRows): string[] {
  const completed = orders.filter(({ status }) => status === 'completed').map(({ id }) => id)
  return payments.filter(({ order_id }) => completed.includes(order_id)).map(({ method }) => method)
}

interface Answer {
  rows: { key?: string; keys?: string[]; netSales: string | (string | null)[] }[]
  columns?: { names: string[] }
}

/** The net sales of each row or cell by its values, without those of zero; either dimension may make the columns. */
function cellsOf({ rows, columns }: Answer): Map<string, string> {
  const cells = rows.flatMap((row): [string, string | null][] =>
    typeof row.netSales === 'string'
      ? [[row.key ?? (row.keys ?? []).join(' / '), row.netSales]]
      : row.netSales.map((value, index) => [`${row.key} / ${columns?.names[index]}`, value]),
  )
  return new Map(
    cells
      .filter((cell): cell is [string, string] => cell[1] !== null && Number(cell[1]) !== 0)
      .map(([key, value]) => [sortedKey(key), value]),
  )
}

function sortedKey(key: string): string {
  return key.split(' / ').sort().join(' / ')
}
