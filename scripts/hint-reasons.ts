import type { Tool } from '../src/mcp/tool.ts'

/** Why each tool that does not only read has the hints that it has; directories ask for the reason of every hint. */
const WRITES: Record<string, string> = {
  adjust_inventory: 'It sets the stock of a product, so that the figure before is no longer what reports count from.',
  cancel_order: 'It takes a sale out of the figures and its goods back into stock.',
  create_client: 'It adds a client to the shop, and touches no other.',
  create_order: 'It records a sale that was made, and takes its goods from stock; it charges nobody.',
  create_product: 'It adds a product to the catalogue, and touches no other.',
  refund_order: 'It records money given back for a sale; it moves no money by itself.',
  set_active_business: 'It changes which business later calls are about, and no data of the shop.',
  set_active_tenant: 'It changes which business later calls are about, and no data of the shop.',
  transfer_inventory: 'It adds two entries to the ledger of stock, which a transfer back undoes.',
  update_client: 'It replaces what is known of a client.',
  update_product: 'It replaces price, cost or other fields of a product, also for the sales that follow.',
}

const READS =
  'It runs in a transaction in which PostgreSQL refuses every write; only the log of calls grows. The same call twice does no more than once.'
const CLOSED = "It reaches the shop's own data alone, and nothing outside."

/**
 * One paragraph that says why a tool's hints are what they are.
 * @throws Error for a tool that writes and whose reason is not given above
 */
export function hintReasons({ name, annotations }: Pick<Tool, 'name' | 'annotations'>): string {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations
  if (openWorldHint) throw new Error(`say in scripts/hint-reasons.ts what ${name} reaches outside the shop`)
  const own = readOnlyHint ? READS : WRITES[name]
  if (own === undefined) throw new Error(`say in scripts/hint-reasons.ts why ${name} has its hints`)
  if (readOnlyHint) return `Reads only: ${own} ${CLOSED}`
  const kind = destructiveHint ? 'Changes what is there' : 'Adds, and changes nothing that is there'
  const again = idempotentHint
    ? 'The same call twice does no more than once.'
    : 'The same call twice would do it twice, unless both have one idempotencyKey.'
  return `${kind}: ${own} ${again} ${CLOSED}`
}
