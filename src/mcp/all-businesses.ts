import { Type } from '@sinclair/typebox'
import { ServiceError } from '../errors.ts'
import type { BusinessContext } from './tool.ts'

/** The argument that makes a summary cover every business of the merchant. */
export const AllBusinesses = Type.Boolean({
  default: false,
  description: 'All of the merchant, not with locationId; default false',
})

/**
 * Runs `work` for the business of the call or for all businesses, each seen alone and never added up.
 * @throws ServiceError `invalid_argument` for all businesses with one location
 */
export async function forWantedBusinesses<T>(
  context: BusinessContext,
  { allBusinesses, locationId }: { allBusinesses: boolean; locationId?: string | undefined },
  work: (each: BusinessContext) => Promise<T>,
): Promise<T[]> {
  if (allBusinesses && locationId !== undefined) {
    throw new ServiceError('invalid_argument', 'Give either allBusinesses or locationId, not both.')
  }
  // An operator has no businesses of its own, only the tenant that it has chosen.
  const isOne = !allBusinesses || context.principal.businesses.length === 0
  return isOne ? [await work(context)] : context.forEachBusiness(work)
}
