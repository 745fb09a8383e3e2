import { Type } from '@sinclair/typebox'
import { describeBusiness, scopesAnywhere, scopesIn } from '../../src/auth/principal.ts'
import { ServiceError } from '../../src/errors.ts'
import { resolveBusiness } from '../../src/mcp/resolve-business.ts'
import { type CallContext, defineContextTool, readOnly } from '../../src/mcp/tool.ts'
import { counted } from '../../src/results/counted.ts'
import { NullableText } from '../../src/results/schema.ts'
import { withOffset } from '../../src/time/local.ts'

const BusinessSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: Type.String(),
  scopes: Type.Array(Type.String()),
  timezone: Type.String({ description: 'IANA zone of its local day' }),
  currency: Type.String(),
  localTime: Type.String({ description: 'Now, on its clock' }),
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
    const businesses = known.map((business) => ({
      id: business.id,
      name: business.name,
      role: business.role,
      scopes: [...scopesIn(principal, business)],
      timezone: business.timezone,
      currency: business.currency,
      localTime: withOffset(now, business.timezone),
      isActive: business.id === active?.id,
    }))
    const scopes = [...scopesAnywhere(principal)]
    const expires = principal.expiresAt?.toISOString() ?? null
    const lines = businesses.map(
      (business, index) =>
        `${index + 1}. ${describeBusiness(business)}${business.isActive ? ' (active)' : ''}: role ${business.role}, ` +
        `${business.currency}, ${business.timezone}, local time ${business.localTime}`,
    )
    const choice =
      principal.kind === 'operator'
        ? 'Platform operator: choose a tenant with set_active_tenant.'
        : `${counted(businesses.length, 'business')}:`
    return {
      text: [
        choice,
        ...lines,
        `Scopes: ${scopes.join(', ')}. Credential: ${principal.kind}, ${expires === null ? 'without expiry' : `valid until ${expires}`}.`,
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

async function activeBusiness({ principal, hints, findTenant }: CallContext) {
  try {
    return await resolveBusiness(principal, hints, findTenant)
  } catch (error) {
    // That nothing is chosen yet is an answer here, not a failure.
    if (error instanceof ServiceError && error.code === 'business_required') return null
    throw error
  }
}
