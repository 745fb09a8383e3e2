import { Type } from '@sinclair/typebox'
import { describeBusiness } from '../../src/auth/principal.ts'
import { Id } from '../../src/mcp/arguments.ts'
import { hasSeveral } from '../../src/mcp/registry.ts'
import { resolveBusiness } from '../../src/mcp/resolve-business.ts'
import { defineContextTool } from '../../src/mcp/tool.ts'
import { EntityRef } from '../../src/results/schema.ts'
import { localMinute, withOffset } from '../../src/time/local.ts'

export default defineContextTool({
  name: 'set_active_business',
  title: 'Switch business',
  description:
    'Switches the business that the following calls are about, until the next switch. Use it for "switch to my ' +
    'second shop"; for one question about another pass businessId instead. Ids: get_context.',
  scopes: [],
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  visibleTo: (principal) => principal.kind === 'merchant' && hasSeveral(principal),
  input: Type.Object({ businessId: Id('Business to switch to, from get_context') }),
  output: Type.Object({
    business: EntityRef,
    timezone: Type.String(),
    currency: Type.String(),
    localTime: Type.String(),
  }),
  async handler({ businessId }, { principal, hints, findTenant, chooseBusiness, now }) {
    // The same rules for pins as in any other call, so that the person outranks the model here, too.
    const asked = { pin: hints.pin, argument: businessId, isRead: true }
    const business = await resolveBusiness(principal, asked, findTenant)
    await chooseBusiness(business.id)
    const { id, name, timezone, currency } = business
    const localTime = withOffset(now, timezone)
    return {
      text: `Active business: ${describeBusiness(business)}, ${currency}, ${timezone}, local time ${localMinute(now, timezone)}.`,
      data: { business: { id, name }, timezone, currency, localTime },
    }
  },
})
