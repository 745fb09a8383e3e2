import { Decimal, grouped } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { clean } from '../../results/text.ts'

const MINUTES_OF_HOUR = 60

/** Minutes as hours: a decimal string, rounded half up to two decimals, so that 50 minutes are "0.83". */
export function hours(minutes: Decimal.Value): string {
  return new Decimal(minutes).div(MINUTES_OF_HOUR).toFixed(2)
}

/** Hours as text for people: `1,234.50 h`. */
export function inHours(hours: string): string {
  return `${grouped(hours)} h`
}

/** Hours of work in words: spent, and left of what is estimated, with how many steps have no estimate. */
export function describeWork(work: {
  steps: number
  spentHours: string
  estimatedHours: string
  hoursLeft: string
  withoutEstimate: number
}): string {
  const { steps, spentHours, estimatedHours, hoursLeft, withoutEstimate } = work
  if (withoutEstimate === steps) return `${inHours(spentHours)} spent, none estimated`
  const unknown = withoutEstimate === 0 ? '' : ` (${counted(withoutEstimate, 'step')} without an estimate)`
  return `${inHours(spentHours)} spent, ${inHours(hoursLeft)} left of ${inHours(estimatedHours)} estimated${unknown}`
}

/** The name of a colleague: the one they chose, else their e-mail address. */
export function personName(person: { display_name: string | null; email: string | null }): string {
  return clean(person.display_name ?? '', 60) || clean(person.email ?? '', 60) || 'without a name'
}
