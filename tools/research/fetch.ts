import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ServiceError } from '../../src/errors.ts'
import { addressOf, inBusiness, mayUse, parseId } from '../../src/mcp/research.ts'
import { type BusinessTool, defineContextTool, readOnly, type Tool } from '../../src/mcp/tool.ts'
import { clean } from '../../src/results/text.ts'
import { withBoundary } from '../../src/results/untrusted.ts'
import getProduct from '../catalogue/get-product.ts'
import getClient from '../clients/get-client.ts'
import getClientHealth from '../intents/get-client-health.ts'
import getInventoryHealth from '../intents/get-inventory-health.ts'
import summarizeDay from '../intents/summarize-day.ts'
import summarizePeriod from '../intents/summarize-period.ts'
import getOrder from '../orders/get-order.ts'
import getSalesByCategory from '../reports/get-sales-by-category.ts'
import getSalesByLocation from '../reports/get-sales-by-location.ts'
import getSalesByPaymentMethod from '../reports/get-sales-by-payment-method.ts'
import getSalesReport from '../reports/get-sales-report.ts'
import getTaxReport from '../reports/get-tax-report.ts'
import getTopProducts from '../reports/get-top-products.ts'

/** The reports that research may read, each with its defaults. */
export const REPORTS: readonly Tool[] = [
  summarizeDay,
  summarizePeriod,
  getSalesReport,
  getSalesByCategory,
  getSalesByLocation,
  getSalesByPaymentMethod,
  getTaxReport,
  getTopProducts,
  getInventoryHealth,
  getClientHealth,
]

export default defineContextTool({
  name: 'fetch',
  title: 'Fetch',
  description:
    'The whole of what search found: a product, client or order, or a report with its definition and figures.',
  scopes: ['pos:read'],
  annotations: readOnly,
  visibleTo: ({ view }) => view?.toolset === 'research',
  input: Type.Object({ id: Type.String({ minLength: 1, maxLength: 140, description: 'As search gave it' }) }),
  output: Type.Object({
    id: Type.String(),
    title: Type.String(),
    text: Type.String(),
    url: Type.String(),
    metadata: Type.Object({ kind: Type.String(), business: Type.String() }),
  }),
  handler({ id }, context) {
    const { kind, reference } = parseId(id)
    return inBusiness(context, async (each) => {
      const { tool, args } = readerOf(kind, reference)
      if (tool === undefined || !mayUse(tool, each) || (tool.aboutClients === true && !each.principal.clientData)) {
        throw new ServiceError('not_found', 'id: there is no such thing here. Use search to find one.')
      }
      const { text } = withBoundary(
        await (tool as BusinessTool).handler(Value.Default(tool.input, args) as never, each),
      )
      const data = {
        id,
        title: `${tool.title}${kind === 'report' ? '' : `: ${clean(reference, 100)}`}`,
        text: kind === 'report' ? `${tool.description}\n\n${text}` : text,
        url: addressOf(id, context),
        metadata: { kind, business: clean(each.business.name, 80) },
      }
      return { text: JSON.stringify(data), data }
    })
  },
})

function readerOf(kind: string, reference: string): { tool: Tool | undefined; args: Record<string, unknown> } {
  if (kind === 'product') return { tool: getProduct, args: { product: reference } }
  if (kind === 'client') return { tool: getClient, args: { client: reference } }
  if (kind === 'order') return { tool: getOrder, args: { order: reference } }
  return { tool: REPORTS.find(({ name }) => name === reference), args: {} }
}
