import { scopesIn } from '../auth/principal.ts'
import type { Scope } from '../auth/scopes.ts'
import { withoutClients } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import { resolveBusiness } from './resolve-business.ts'
import { readContext } from './run-tool.ts'
import type { BusinessContext, BusinessTool, CallContext, Tool } from './tool.ts'

/** What `search` finds and `fetch` reads: `product:PAN-1`, `report:get_tax_report`. */
export const KINDS = ['product', 'client', 'order', 'report'] as const
export type Kind = (typeof KINDS)[number]

/** An id of a kind of thing, and its reference. @throws ServiceError `invalid_argument` */
export function parseId(id: string): { kind: Kind; reference: string } {
  const at = id.indexOf(':')
  const kind = KINDS.find((each) => each === id.slice(0, at))
  if (kind !== undefined && at < id.length - 1) return { kind, reference: id.slice(at + 1) }
  throw new ServiceError('invalid_argument', 'id must be one that search gave, such as product:SKU-1.')
}

/** The address of a thing, for citations: a page of this installation, told apart by the id. */
export function addressOf(id: string, { origin }: CallContext): string {
  return `${origin?.() ?? ''}/settings/mcp?about=${encodeURIComponent(id)}`
}

/** Reads in the business of the call. @throws ServiceError as other tools do */
export async function inBusiness<T>(context: CallContext, work: (each: BusinessContext) => Promise<T>): Promise<T> {
  const { principal, hints, findTenant, database, now } = context
  const business = await resolveBusiness(principal, hints, findTenant)
  const visible = principal.clientData ? database : withoutClients(database)
  return visible.within(
    { businessId: business.id },
    'read',
    (db) => {
      const scopes: readonly Scope[] = ['pos:read']
      return work(readContext({ scopes }, business, db, { principal, now }))
    },
    { principal: principal.ref },
  )
}

/** Whether the principal may use a tool in the business of a context. */
export function mayUse(tool: Tool, { principal, business }: BusinessContext): tool is BusinessTool {
  const scopes = scopesIn(principal, business)
  return tool.kind === 'business' && tool.scopes.every((scope) => scopes.includes(scope))
}
