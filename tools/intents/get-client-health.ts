import { Type } from '@sinclair/typebox'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { clientHealth } from '../../src/pos/intents/client-health.ts'
import { ClientHealthSchema, LISTED, presentClientHealth } from '../../src/pos/intents/client-health-text.ts'
import { salesTotal } from '../../src/pos/reports/sales.ts'
import { netSales } from '../../src/pos/reports/sales-figures.ts'
import { wholeBusiness } from '../../src/pos/scope.ts'
import { localDate } from '../../src/time/local.ts'

const ALL_DAYS = { from: '1900-01-01', to: '2999-12-31' }

export default defineTool({
  name: 'get_client_health',
  title: 'Client health',
  description:
    'Whether clients stay: active, new, returning, at risk or lost by their own rhythm, repeat rate, top clients, ' +
    'value at risk, what to do. For "whom am I losing?"; whole lists by status: list_clients.',
  scopes: ['pos:intents'],
  aboutClients: true,
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({}),
  output: ClientHealthSchema,
  async handler(_input, { db, business, now }) {
    const asOf = localDate(now, business.timezone)
    const [found, allSales] = await Promise.all([
      clientHealth(db, business, asOf, LISTED),
      salesTotal(db, wholeBusiness(business.id), ALL_DAYS),
    ])
    return presentClientHealth(found, { asOf, allSales: netSales(allSales), business })
  },
})
