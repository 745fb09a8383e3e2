import type { FastifyRequest } from 'fastify'
import type { Principal } from '../../../src/auth/principal.ts'
import { ServiceError } from '../../../src/errors.ts'

const PIN_HEADER = 'x-flowpos-business-id'

/** The business that the client's configuration pins, in a header or in the URL. */
export function pinOf(request: FastifyRequest): string | undefined {
  const header = request.headers[PIN_HEADER]
  const { businessId } = request.query as { businessId?: unknown }
  if (header === undefined && businessId === undefined) return undefined
  const pins = new Set([header, businessId].flat().filter((pin) => pin !== undefined && pin !== ''))
  if (pins.size > 1) {
    throw new ServiceError('invalid_request', `${PIN_HEADER} and ?businessId= pin different businesses. Keep one.`)
  }
  const [pin] = pins
  return pin === undefined ? undefined : String(pin)
}

// By principal and pin. Whatever is known about a principal, such as its visible tools, is kept by the object.
const pinned = new WeakMap<Principal, Map<string, Principal>>()

/**
 * The principal as far as a pin lets it go: in the pinned business alone. A pin that is not one of its businesses, or
 * an operator's, is left to whatever resolves the business of a call.
 */
export function withPin(principal: Principal, pin: string | undefined): Principal {
  const business = principal.businesses.find(({ id }) => id === pin)
  if (pin === undefined || business === undefined || principal.businesses.length === 1) return principal
  const known = pinned.get(principal) ?? new Map<string, Principal>()
  pinned.set(principal, known)
  const narrowed = known.get(pin) ?? { ...principal, businesses: [business], defaultBusinessId: business.id }
  known.set(pin, narrowed)
  return narrowed
}
