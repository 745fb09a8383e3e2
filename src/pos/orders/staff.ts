import type { AuthorizedBusiness, Principal } from '../../auth/principal.ts'
import { limitsIn } from '../../auth/role-limits.ts'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import { orNone } from '../none.ts'
import { type Asking, employeeOf as employeeCalled, type Read } from '../references.ts'

/** A person who works in a shop. */
export interface Employee {
  id: string
  name: string
}

interface Caller {
  db: Transaction
  business: AuthorizedBusiness
  principal: Principal
}

/**
 * The employee that a reference means, as `references.ts` tells.
 * @throws ServiceError `invalid_argument` with the valid ones; `role_not_allowed` for a role that sees its own only
 */
export async function employeeOf(
  { db, business, principal }: Caller,
  reference: string,
  argument = 'employee',
  asking: Asking = {},
): Promise<Employee & Read> {
  if (limitsIn(principal, business) !== null) {
    throw new ServiceError('role_not_allowed', `${argument}: the role ${business.role} asks about itself alone.`, {
      hint: `Leave ${argument} out, or ask an owner, admin or manager.`,
    })
  }
  const { id, name, taken } = await employeeCalled(db, business.id, reference, argument, asking)
  return { id, name: clean(name, 60), ...(taken !== undefined && { taken }) }
}

/** The caller as an employee, by the login; null for an API key, and for people whose login is linked to none. */
async function employeeOfCaller({ db, business, principal }: Caller): Promise<Employee | null> {
  if (principal.kind !== 'merchant' || principal.userId === null) return null
  const row = await db
    .selectFrom('employee')
    .select(['id', 'name'])
    .where('business_id', '=', business.id)
    .where('user_id', '=', principal.userId)
    .executeTakeFirst()
  return row === undefined ? null : { id: row.id, name: clean(row.name, 60) }
}

/** Who does what a write records: the employee that owners and managers name, else the caller. */
export function doerOf(caller: Caller, reference: string | undefined): Promise<Employee | null> {
  return reference === undefined ? employeeOfCaller(caller) : employeeOf(caller, reference)
}

/** Nobody's id: a role that sees its own alone, and is no employee, sees none. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** Whose orders a list is about. */
export interface Whose {
  /** The employee asked for, or the caller whose role sees its own alone. */
  employee: (Employee & Read) | null
  /** Whether what nobody known did is asked for. */
  isNobody: boolean
  /** Whether only own rows are shown; without an employee then, none. */
  ownOnly: boolean
}

/** Whose rows the caller asks for and may see. */
export async function whose(caller: Caller, reference: string | undefined): Promise<Whose> {
  const ownOnly = limitsIn(caller.principal, caller.business) !== null
  if (reference === undefined) {
    return { employee: ownOnly ? await employeeOfCaller(caller) : null, ownOnly, isNobody: false }
  }
  const find = (text: string) => employeeOf(caller, text, 'employee', { isRead: true })
  // A role that sees its own alone is refused whoever it asks for.
  const employee = ownOnly
    ? await find(reference)
    : await orNone(caller.db, caller.business.id, 'employee', reference, find)
  return { employee, ownOnly, isNobody: employee === null }
}

/** Whose id rows must have: null for nobody who is known, undefined for anybody's. */
export function idOf({ employee, ownOnly, isNobody }: Whose): string | null | undefined {
  return isNobody ? null : (employee?.id ?? (ownOnly ? NOBODY : undefined))
}

// A cashier finds an order of somebody else by this much of the end of its number, as on its receipt.
const SHORTEST_NUMBER_END = 4

/** The orders that a role which sees its own alone finds by a search: its own, and one by the end of its number. */
export function ownOrders({ employee }: Whose, search: string | undefined) {
  const employeeId = employee?.id ?? NOBODY
  return search !== undefined && search.length >= SHORTEST_NUMBER_END
    ? { numberEnd: search, employeeId }
    : { search, employeeId }
}

/** What a list says to a role that sees its own alone. */
export function describeOwnOnly({ employee, ownOnly }: Whose, what: string): string | null {
  if (!ownOnly) return null
  return employee === null
    ? `Your login is not linked to an employee, so that no ${what} are yours; an owner can link it. Single orders are found by number.`
    : `Only your own ${what} (${employee.name}), as your role sees them.`
}
