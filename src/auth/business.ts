import { clean } from '../results/text.ts'
import type { AuthorizedBusiness } from './principal.ts'

/** The columns of a business that everybody who may use it sees, and the role there. */
export interface BusinessRow {
  id: string
  name: string
  timezone: string
  currency: string
  currency_digits: number
  role: string
}

/**
 * A business as it leaves the database. Its name and the role were written by people, and stand in every result, in
 * errors, and before operators: they are cleaned here, so that nothing that shows them has to remember it.
 */
export function authorizedBusiness({ currency_digits, ...row }: BusinessRow): AuthorizedBusiness {
  return { ...row, name: clean(row.name, 80), role: clean(row.role, 40), currencyDigits: currency_digits }
}
