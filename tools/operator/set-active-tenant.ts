import { Type } from '@sinclair/typebox'
import { describeBusiness } from '../../src/auth/principal.ts'
import { Id } from '../../src/mcp/arguments.ts'
import { resolveBusiness } from '../../src/mcp/resolve-business.ts'
import { defineContextTool } from '../../src/mcp/tool.ts'
import { EntityRef } from '../../src/results/schema.ts'

export default defineContextTool({
  name: 'set_active_tenant',
  title: 'Switch tenant',
  description:
    'Chooses the one tenant that the following calls of an operator are about. list_tenants has the ids. Needed before ' +
    'any tool that reads or changes a shop.',
  scopes: [],
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  visibleTo: (principal) => principal.kind === 'operator',
  input: Type.Object({ tenantId: Id('Tenant to work on, from list_tenants') }),
  output: Type.Object({ business: EntityRef, timezone: Type.String(), currency: Type.String() }),
  async handler({ tenantId }, { principal, hints, findTenant, chooseBusiness }) {
    // The choice counts like a pin, unless the person has pinned another tenant.
    const tenant = await resolveBusiness(principal, { pin: hints.pin ?? tenantId, argument: tenantId }, findTenant)
    await chooseBusiness(tenant.id)
    const { id, name, timezone, currency } = tenant
    return {
      text: `Active tenant: ${describeBusiness(tenant)}, ${currency}, ${timezone}.`,
      data: { business: { id, name }, timezone, currency },
    }
  },
})
