import { Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { inventoryHealth } from '../../src/pos/intents/inventory-health.ts'
import { InventoryHealthSchema, LIMITS, presentInventoryHealth } from '../../src/pos/intents/inventory-health-text.ts'
import { VELOCITY_DAYS } from '../../src/pos/intents/replenishment.ts'
import { STOCK_OF_NOW } from '../../src/pos/inventory/inventory.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { addDays, localDate } from '../../src/time/local.ts'

export default defineTool({
  name: 'get_inventory_health',
  title: 'Inventory health',
  description:
    'What to transfer and reorder first, by revenue at risk; dead and over-stocked products; stock value at cost. For ' +
    '"how is my stock?"; the whole order list: get_reorder_list; one product: get_inventory.',
  scopes: ['pos:intents'],
  annotations: readOnly,
  otherDays: STOCK_OF_NOW,
  mode: 'read',
  input: Type.Object({ locationId: LocationId }),
  output: InventoryHealthSchema,
  async handler({ locationId }, { db, business, now }) {
    const { timezone, location } = await placeOf(db, business, locationId)
    const found = await inventoryHealth(db, { businessId: business.id, locationId: location?.id }, now, LIMITS)
    const yesterday = addDays(localDate(now, timezone), -1)
    const window = {
      from: addDays(yesterday, 1 - VELOCITY_DAYS),
      to: yesterday,
      timezone,
      currency: business.currency,
    }
    return presentInventoryHealth(found, { window, location }, business)
  },
})
