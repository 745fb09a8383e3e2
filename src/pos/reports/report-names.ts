import { Decimal, quantity } from '../../money/money.ts'
import { clean, nameWithState, variantName } from '../../results/text.ts'
import type { Window } from '../../time/window.ts'
import { type Dimension, isTime, UNKNOWN } from './dimensions.ts'
import { bandName } from './order-bands.ts'
import { periodOf } from './periods.ts'
import type { ReportName } from './report-query.ts'

const NAME = 60

/** What a key of a dimension is called in data and in text, and by what other tools take it. */
export function nameOfKey(
  dimension: Dimension,
  key: string,
  name: ReportName | null,
  window: Window,
): { key: string; text: string; ref?: string } {
  if (isTime(dimension) && key !== '') {
    const { label, text } = periodOf(dimension, key, window)
    return { key: label, text }
  }
  const called = key === '' ? UNKNOWN[dimension] : valueName(dimension, key, name)
  const ref = name?.ref === undefined ? {} : { ref: clean(name.ref, 40) }
  return { key: called, text: called, ...ref }
}

function valueName(dimension: Dimension, key: string, name: ReportName | null): string {
  switch (dimension) {
    case 'tax_rate':
      return `${quantity(new Decimal(key).times(100))} %`
    case 'order_total':
      return bandName(Number(key))
    case 'discounted':
      return key === 'true' ? 'discounted' : 'not discounted'
    case 'variant':
      return name === null ? UNKNOWN.variant : variantName({ name: name.name, label: name.label ?? null }, NAME)
    case 'city':
    case 'payment_method':
    case 'order_type':
      return clean(key, NAME)
    default:
      return name === null ? UNKNOWN[dimension] : clean(nameWithState(name.name, name.isActive ?? true), NAME)
  }
}
