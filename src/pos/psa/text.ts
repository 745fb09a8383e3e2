import { Decimal } from '../../money/money.ts'
import { clean } from '../../results/text.ts'

const MINUTES_OF_HOUR = 60

/** Minutes as hours: a decimal string, rounded half up to two decimals, so that 50 minutes are "0.83". */
export function hours(minutes: Decimal.Value): string {
  return new Decimal(minutes).div(MINUTES_OF_HOUR).toFixed(2)
}

/** The name of a colleague: the one they chose, else their e-mail address. */
export function personName(person: { display_name: string | null; email: string | null }): string {
  return clean(person.display_name ?? '', 60) || clean(person.email ?? '', 60) || 'without a name'
}
