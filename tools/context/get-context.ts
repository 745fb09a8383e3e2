import { type Static, Type } from '@sinclair/typebox'
import { LRUCache } from 'lru-cache'
import { type AuthorizedBusiness, describeBusiness, scopesAnywhere, scopesIn } from '../../src/auth/principal.ts'
import type { Scope } from '../../src/auth/scopes.ts'
import { ServiceError } from '../../src/errors.ts'
import { resolveBusiness } from '../../src/mcp/resolve-business.ts'
import { type CallContext, defineContextTool, readOnly } from '../../src/mcp/tool.ts'
import { salesBeginnings } from '../../src/pos/reports/sales-since.ts'
import { counted } from '../../src/results/counted.ts'
import { Nullable, NullableText } from '../../src/results/schema.ts'
import { localDate, localMinute, weekday, withOffset } from '../../src/time/local.ts'

const BusinessSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: Type.String(),
  scopes: Type.Array(Type.String()),
  timezone: Type.String({ description: 'IANA zone of its local day' }),
  currency: Type.String(),
  localTime: Type.String({ description: 'Now, on its clock' }),
  salesSince: Type.Optional(Nullable(Type.String(), { description: 'First day with sales on file; null: none yet' })),
  locationsSince: Type.Optional(
    Type.Array(Type.Object({ location: Type.String(), salesSince: Type.String() }), {
      description: 'Locations that began on another day',
    }),
  ),
  isActive: Type.Boolean({ description: 'Whether calls without businessId are about it' }),
})

export default defineContextTool({
  name: 'get_context',
  title: 'Who am I',
  description:
    'Who asks: their businesses in order (first, second, …), the active one, zones, currencies, local times, ' +
    'scopes, expiry. Use it first, to turn "my second shop" into an id, or when a tool is missing.',
  scopes: [],
  annotations: readOnly,
  visibleTo: () => true,
  input: Type.Object({}),
  output: Type.Object({
    principal: Type.String({ description: 'merchant, api_key or operator' }),
    role: Type.String(),
    scopes: Type.Array(Type.String()),
    credentialExpiresAt: NullableText,
    activeBusinessId: NullableText,
    businesses: Type.Array(BusinessSchema),
  }),
  async handler(_input, context) {
    const { principal, now } = context
    const active = await activeBusiness(context)
    const known = principal.businesses.length > 0 ? principal.businesses : active === null ? [] : [active]
    const begun = await Promise.all(known.map((business, index) => beginnings(context, business, index)))
    const businesses = known.map((business, index) => ({
      id: business.id,
      name: business.name,
      role: business.role,
      scopes: [...scopesIn(principal, business)],
      timezone: business.timezone,
      currency: business.currency,
      localTime: withOffset(now, business.timezone),
      ...begun[index],
      isActive: business.id === active?.id,
    }))
    const scopes = [...scopesAnywhere(principal)]
    const timezone = (active ?? known[0])?.timezone ?? 'UTC'
    const expires = principal.expiresAt && withOffset(principal.expiresAt, timezone)
    const expiry = principal.expiresAt
      ? `valid until ${localMinute(principal.expiresAt, timezone)} (${timezone})`
      : 'without expiry'
    const lines = businesses.map(
      (business, index) =>
        `${index + 1}. ${describeBusiness(business)}${business.isActive ? ' (active)' : ''}: role ${business.role}, ` +
        `${business.currency}, ${business.timezone}, local time ${describeNow(now, business.timezone)}${describeBeginnings(business)}`,
    )
    const choice =
      principal.kind === 'operator'
        ? `Platform operator: ${active === null ? 'choose a tenant' : 'another tenant is chosen'} with set_active_tenant.`
        : `${counted(businesses.length, 'business')}:`
    return {
      text: [
        choice,
        ...lines,
        `Scopes: ${scopes.join(', ')}. Credential: ${principal.kind}, ${expiry}.`,
        ...(principal.clientData ? [] : ["Clients' data: withheld from this connection."]),
      ].join('\n'),
      data: {
        principal: principal.kind,
        role: principal.role,
        scopes,
        credentialExpiresAt: expires,
        activeBusinessId: active?.id ?? null,
        businesses,
      },
    }
  },
})

const MAX_BUSINESSES = 20

type Begun = Pick<Static<typeof BusinessSchema>, 'salesSince' | 'locationsSince'>

// Each chat begins with this tool, and where sales begin changes next to never: kept as long as principals are. That
// there are none yet is not kept, because the first sale may follow any moment.
const begunByBusiness = new LRUCache<string, Begun>({ max: 10_000, ttl: 30_000 })

/** Since when sales of a business are on file, for those who may see its sales. */
async function beginnings({ principal, database }: CallContext, business: AuthorizedBusiness, index: number) {
  const isAllowed = scopesIn(principal, business).some((scope) => SALES_SCOPES.includes(scope))
  if (!isAllowed || index >= MAX_BUSINESSES) return {}
  const businessId = business.id
  const kept = begunByBusiness.get(businessId)
  if (kept !== undefined) return kept
  const turn = { principal: principal.ref }
  const { salesSince, locations } = await database.within(
    { businessId },
    'read',
    (db) => salesBeginnings(db, businessId),
    turn,
  )
  const begun: Begun = { salesSince, ...(locations.length === 0 ? {} : { locationsSince: locations }) }
  if (salesSince !== null) begunByBusiness.set(businessId, begun)
  return begun
}

const SALES_SCOPES: readonly Scope[] = ['pos:read', 'reports:read', 'pos:intents']

function describeBeginnings({ salesSince, locationsSince = [] }: Static<typeof BusinessSchema>): string {
  if (salesSince === undefined) return ''
  if (salesSince === null) return ', no sales on file yet'
  const others = locationsSince.map((each) => `${each.location} since ${each.salesSince}`)
  return `, sales on file since ${salesSince}${others.length === 0 ? '' : ` (${others.join(', ')})`}`
}

/** The time with its weekday, which people speak in: `Saturday 2026-11-28 18:15`. */
function describeNow(now: Date, timezone: string): string {
  return `${weekday(localDate(now, timezone))} ${localMinute(now, timezone)}`
}

async function activeBusiness({ principal, hints, findTenant }: CallContext) {
  try {
    return await resolveBusiness(principal, hints, findTenant)
  } catch (error) {
    // That nothing is chosen yet is an answer here, not a failure.
    if (error instanceof ServiceError && error.code === 'business_required') return null
    throw error
  }
}
