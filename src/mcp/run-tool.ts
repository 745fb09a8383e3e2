import { type AuthorizedBusiness, describeBusiness, type Principal, scopesIn } from '../auth/principal.ts'
import type { Scope } from '../auth/scopes.ts'
import { setAccess, type Transaction } from '../database/database.ts'
import { withZones } from '../database/zones.ts'
import { ServiceError } from '../errors.ts'
import { counted } from '../results/counted.ts'
import { withBoundary } from '../results/untrusted.ts'
import { localDate } from '../time/local.ts'
import { OTHER_DAYS } from '../time/window.ts'
import { CALENDAR_DATE } from '../validation.ts'
import { clientsWithheld, roleNotAllowed } from './refusal.ts'
import type { RegisteredTool } from './registry.ts'
import { resolveBusiness } from './resolve-business.ts'
import type { BusinessContext, BusinessTool, CallContext, FileLink, ToolResult } from './tool.ts'
import { write } from './write.ts'

export interface CallOutcome {
  result: { text: string; data: Record<string, unknown> }
  /** Files that the result offers. */
  links?: readonly FileLink[]
  /** The business of the call, if any. */
  businessId: string | null
  /** Whether the audit row was written with the call itself. */
  isAudited: boolean
}

/**
 * Runs a tool: checks its arguments, resolves and authorizes its business, opens its transaction, names the business.
 * @throws ServiceError for every expected failure
 */
export function runTool(
  registered: RegisteredTool,
  args: Record<string, unknown>,
  context: CallContext,
): Promise<CallOutcome> {
  return withZones(context.database, () => runWithZones(registered, args, context))
}

async function runWithZones(
  registered: RegisteredTool,
  args: Record<string, unknown>,
  context: CallContext,
): Promise<CallOutcome> {
  const { tool } = registered
  const input = await checkedArguments(registered, args, context)
  if (tool.kind === 'context') {
    // A pin that is not theirs is refused here as everywhere.
    if (context.hints.pin !== undefined) await resolveBusiness(context.principal, context.hints, context.findTenant)
    const { text, data } = await tool.handler(input, context)
    return { result: { text, data }, businessId: null, isAudited: false }
  }

  const { principal } = context
  requireClients(tool, input, principal)
  const { businessId: argument, ...rest } = input as Record<string, unknown> & { businessId?: string }
  const hints = { ...context.hints, argument, isRead: tool.mode === 'read' }
  const business = await resolveBusiness(principal, hints, context.findTenant)
  requireScopes(tool, business, principal)
  const { result, isAudited } =
    tool.mode === 'write'
      ? await write(tool, business, rest, context)
      : { result: await read(tool, business, rest, context), isAudited: false }
  const { text, data, covers } = result
  // A client that is not named may be one that is not shown.
  const withheld = principal.clientData ? '' : '\nClients: withheld from this connection, also where none is named.'
  return {
    links: result.links ?? [],
    result: withBoundary({
      text: `${text}\n\nBusiness: ${(covers ?? [business]).map(describeBusiness).join('; ')}${withheld}`,
      data: { business: { id: business.id, name: business.name }, ...data },
    }),
    businessId: business.id,
    isAudited,
  }
}

/** The arguments as the tool takes them. A wrong date or preset is told with the date of today. */
async function checkedArguments(
  { checkArguments }: RegisteredTool,
  args: Record<string, unknown>,
  { principal, hints, findTenant, now }: CallContext,
) {
  try {
    return checkArguments(args)
  } catch (error) {
    if (
      !(error instanceof ServiceError) ||
      ![CALENDAR_DATE, OTHER_DAYS].some((words) => error.message.includes(words))
    ) {
      throw error
    }
    const argument = typeof args.businessId === 'string' ? { argument: args.businessId } : {}
    const business = await resolveBusiness(principal, { ...hints, ...argument, isRead: true }, findTenant).catch(
      () => null,
    )
    if (business === null) throw error
    const { timezone } = business
    throw new ServiceError(error.code, error.message, { hint: `Today is ${localDate(now, timezone)} in ${timezone}.` })
  }
}

/**
 * Refuses a call whose arguments are checked and whose business is known.
 * @throws ServiceError `role_not_allowed`, `insufficient_scope`
 */
export function requireAllowed(
  tool: BusinessTool,
  business: AuthorizedBusiness,
  input: Record<string, unknown>,
  principal: Principal,
): void {
  requireClients(tool, input, principal)
  requireScopes(tool, business, principal)
}

function requireClients(tool: BusinessTool, input: Record<string, unknown>, principal: Principal): void {
  if (!principal.clientData && (tool.aboutClients === true || tool.aboutClients?.(input))) {
    throw clientsWithheld(tool, principal)
  }
}

function requireScopes(tool: BusinessTool, business: AuthorizedBusiness, principal: Principal): void {
  const missing = tool.scopes.filter((scope) => !scopesIn(principal, business).includes(scope))
  if (missing.length > 0) throw roleNotAllowed(tool, [business], missing)
}

function read(
  tool: BusinessTool,
  business: AuthorizedBusiness,
  input: Record<string, unknown>,
  { database, principal, now, offerFile }: CallContext,
): Promise<ToolResult<Record<string, unknown>>> {
  const work = (db: Transaction) => tool.handler(input, readContext(tool, business, db, { principal, now, offerFile }))
  const turn = { principal: principal.ref, isHeavy: tool.scopes.some((scope) => HEAVY_SCOPES.includes(scope)) }
  return database.within({ businessId: business.id }, 'read', work, turn)
}

/** What a tool that reads works with, in a transaction that sees its business. */
export function readContext(
  tool: Pick<BusinessTool, 'scopes'>,
  business: AuthorizedBusiness,
  db: Transaction,
  { principal, now, offerFile }: Pick<CallContext, 'principal' | 'now' | 'offerFile'>,
  forFile = false,
): BusinessContext {
  return {
    business,
    principal,
    db,
    now,
    dryRun: false,
    forFile,
    ...(offerFile === undefined ? {} : { offerFile }),
    async forEachBusiness(each) {
      const results = []
      // One connection for all: calls that wait for a second one while they hold the first can starve the pool.
      for (const other of principal.businesses) {
        if (!tool.scopes.every((scope) => scopesIn(principal, other).includes(scope))) continue
        await setAccess(db, { businessId: other.id })
        results.push(await each({ ...this, business: other }))
      }
      await setAccess(db, { businessId: business.id })
      return results
    },
  }
}

/** Reports and summaries may read years of sales. */
const HEAVY_SCOPES: readonly Scope[] = ['reports:read', 'pos:intents']

/** A failure as text that lets a model correct itself: code, sentence, hint, and whether a retry can help. */
export function describeFailure(error: ServiceError): string {
  const retry =
    error.retryAfterSeconds === undefined
      ? ''
      : ` The same call may be tried again after ${counted(error.retryAfterSeconds, 'second')}.`
  return `${error.code}: ${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}${retry}`
}
