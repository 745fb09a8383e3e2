import { type AuthorizedBusiness, scopesOfMemberships } from '../auth/principal.ts'
import type { Transaction } from '../database/database.ts'
import type { ErrorCode } from '../errors.ts'
import { orderIdOf } from '../pos/orders/order-references.ts'
import { clientOf, variantsOf } from '../pos/references.ts'
import type { CallContext, Tool } from './tool.ts'

type FindId = (db: Transaction, businessId: string, reference: string) => Promise<string | undefined>

const variant: FindId = async (db, businessId, reference) =>
  (await variantsOf(db, businessId, [reference], 'variant'))[0]?.variant_id

/** The arguments that say which row is to be changed, with the type of the row as the audit trail calls it. */
const REFERENCES: Record<string, { type: string; find: FindId }> = {
  order: {
    type: 'order',
    async find(db, businessId, reference) {
      const order = db.selectFrom('orders').select('id').where('business_id', '=', businessId)
      return (await order.where('id', '=', orderIdOf(businessId, reference)).executeTakeFirst())?.id
    },
  },
  client: { type: 'client', find: async (...of) => (await clientOf(...of)).id },
  variant: { type: 'variant', find: variant },
  product: { type: 'variant', find: variant },
}

const LONGEST = 200
/** After these the row may well be there, and the database answers. */
const REFUSALS: readonly ErrorCode[] = [
  'invalid_argument',
  'forbidden',
  'insufficient_scope',
  'role_not_allowed',
  'declined',
  'conflict',
]

/**
 * The row that a refused call would have changed, for the audit trail, which then can name it.
 * @returns null if the call names none, if there is none, or if the role may not read it
 */
export async function refusedSubject(
  tool: Tool,
  args: Record<string, unknown>,
  business: AuthorizedBusiness | null,
  code: ErrorCode,
  { principal, database }: CallContext,
): Promise<string | null> {
  if (tool.kind !== 'business' || !tool.annotations.destructiveHint || business === null) return null
  const mayRead = principal.kind !== 'merchant' || scopesOfMemberships([business]).includes('pos:read')
  if (!mayRead || !REFUSALS.includes(code)) return null
  for (const [argument, { type, find }] of Object.entries(REFERENCES)) {
    const reference = args[argument]
    if (typeof reference !== 'string' || reference === '' || reference.length > LONGEST) continue
    const work = (db: Transaction) => find(db, business.id, reference)
    const turn = { principal: principal.ref }
    // A reference that means nothing, or several rows, leaves the refusal without its object.
    const id = await database.within({ businessId: business.id }, 'read', work, turn).catch(() => undefined)
    return id === undefined ? null : `${type} ${id}`
  }
  return null
}
