import type { TSchema } from '@sinclair/typebox'
import { schemasOf } from '../../src/mcp/registry.ts'
import type { Tool } from '../../src/mcp/tool.ts'

export type Args = Record<string, unknown>

/** A value that works for the argument of that name. */
export type Choose = (name: string) => unknown

/** One value in a tool's arguments, at any depth: `items[].product`. */
export interface Leaf {
  path: string
  schema: TSchema
}

/**
 * Which columns hold the values that people could give for an argument, by the last name of its path. An argument that
 * can hold an id, a code, a name or a text and is missing here fails the matrix.
 */
export const SOURCES: Record<string, readonly string[]> = {
  assignee: ['person.display_name', 'person.email'],
  barcode: ['product_variant.barcode'],
  board: ['psa_board.id', 'psa_board.name'],
  boardId: ['psa_board.id', 'psa_board.name'],
  businessId: ['business.id', 'business.name'],
  category: ['category.id', 'category.name'],
  city: ['customer.city', 'location.city'],
  client: ['customer.id', 'customer.code', 'customer.name', 'customer.email'],
  clientId: ['customer.id', 'customer.code', 'customer.name'],
  code: ['customer.code', 'customer.id'],
  country: ['customer.country'],
  cursor: ['cursor'],
  description: ['product.description'],
  employee: ['employee.id', 'employee.number', 'employee.name'],
  email: ['customer.email', 'supplier.email', 'person.email'],
  filters: ['category.name', 'product_variant.sku', 'customer.code', 'location.name', 'employee.name'],
  fromLocationId: ['location.id', 'location.name'],
  idempotencyKey: ['idempotency.key'],
  id: ['product.id', 'customer.id', 'orders.id'],
  label: ['product_variant.label'],
  locale: ['customer.country'],
  locationId: ['location.id', 'location.name'],
  method: ['order_payment.method', 'order_refund.method'],
  name: ['product.name', 'customer.name', 'psa_board.name'],
  note: ['orders.note', 'customer.note', 'inventory_movement.note'],
  order: ['orders.id', 'orders.order_number', 'order_refund.id'],
  orderType: ['orders.order_type'],
  paymentMethod: ['order_payment.method'],
  person: ['person.display_name', 'person.email'],
  phone: ['customer.phone', 'supplier.phone'],
  product: ['product_variant.sku', 'product_variant.id', 'product.id', 'product_variant.barcode', 'product.name'],
  query: ['product.name', 'product_variant.sku', 'customer.name', 'customer.code', 'orders.order_number'],
  reason: ['order_refund.reason', 'orders.cancel_reason', 'psa_step.blocked_reason'],
  reference: ['order_payment.reference'],
  search: [
    'product.name',
    'product_variant.sku',
    'product_variant.barcode',
    'category.name',
    'supplier.name',
    'customer.name',
    'customer.code',
    'customer.email',
    'psa_board.name',
    'psa_step.name',
    'orders.order_number',
    'orders.id',
  ],
  sort: ['product.name'],
  sku: ['product_variant.sku', 'product_variant.id'],
  supplier: ['supplier.id', 'supplier.name'],
  supplierId: ['supplier.id', 'supplier.name'],
  taxId: ['customer.tax_id', 'supplier.tax_id'],
  tenantId: ['business.id', 'business.name'],
  toLocationId: ['location.id', 'location.name'],
  variant: ['product_variant.sku', 'product_variant.id', 'product.id', 'product_variant.barcode'],
}

/** Arguments that make a call of the tool do something, besides the required ones. */
const COMPANIONS: Record<string, (choose: Choose) => Args> = {
  adjust_inventory: (choose) => ({ change: '1', locationId: choose('locationId') }),
  create_order: (choose) => ({ locationId: choose('locationId') }),
  fetch: (choose) => ({ id: `product:${choose('product')}` }),
  refund_order: () => ({ restock: true }),
  update_client: () => ({ city: 'Antigua' }),
  update_product: () => ({ category: '' }),
}

/** Every value in the arguments that a principal with several businesses may give to a tool. */
export function leavesOf(tool: Tool): Leaf[] {
  return leaves(schemasOf(tool).several.input, '')
}

function leaves(schema: TSchema, path: string): Leaf[] {
  if (schema.type === 'array') return leaves(schema.items as TSchema, `${path}[]`)
  if (schema.type !== 'object') return [{ path, schema }]
  const properties = Object.entries(schema.properties as Record<string, TSchema>)
  return properties.flatMap(([name, part]) => leaves(part, path === '' ? name : `${path}.${name}`))
}

/** Whether a value can hold an id, a code, a name or a text; not one of a few words, a day, an instant or a decimal. */
export function isOpen({ schema }: Leaf): boolean {
  if (['boolean', 'integer', 'number'].includes(schema.type)) return false
  return schema.enum === undefined && !/^date/.test(schema.format ?? '') && !isDecimal(schema) && !isWords(schema)
}

function isDecimal({ pattern }: TSchema): boolean {
  return pattern !== undefined && new RegExp(pattern).test('1.5') && !new RegExp(pattern).test('x')
}

/** A choice of words that is published by examples. */
function isWords({ pattern }: TSchema): boolean {
  return pattern !== undefined && /^\^\([\w|()]+(\[1-9\]\\d\{0,3\}[\w|()]+)?\)\$$/.test(pattern)
}

/** The last name of a path. */
export function nameOf({ path }: Leaf): string {
  return path.replaceAll('[]', '').split('.').at(-1) as string
}

/** The arguments of a call that succeeds. */
export function workingCall(tool: Tool, choose: Choose): Args {
  return { ...(requiredParts(schemasOf(tool).several.input, choose) as Args), ...COMPANIONS[tool.name]?.(choose) }
}

function requiredParts(schema: TSchema, choose: Choose, name = ''): unknown {
  if (schema.type === 'array') return [requiredParts(schema.items as TSchema, choose, name)]
  if (schema.type === 'integer') return schema.minimum ?? 1
  if (schema.type === 'boolean') return false
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.type !== 'object') return isDecimal(schema) ? '1' : choose(name)
  const properties = schema.properties as Record<string, TSchema>
  const required = ((schema.required ?? []) as string[]).filter((each) => properties[each]?.default === undefined)
  return Object.fromEntries(required.map((each) => [each, requiredParts(properties[each] as TSchema, choose, each)]))
}

/** A copy of the arguments with a value at the leaf. What an array needs besides it is filled in. */
export function withValue(tool: Tool, args: Args, { path }: Leaf, value: unknown, choose: Choose): Args {
  const copy = structuredClone(args)
  const steps = path.split('.')
  let place = copy as Record<string, unknown>
  let schema = schemasOf(tool).several.input as TSchema
  for (const [index, step] of steps.entries()) {
    const name = step.replace('[]', '')
    schema = (schema.properties as Record<string, TSchema>)[name] as TSchema
    if (step.endsWith('[]')) schema = schema.items as TSchema
    if (index === steps.length - 1) place[name] = step.endsWith('[]') ? [value] : value
    else {
      place[name] ??= step.endsWith('[]') ? [requiredParts(schema, choose, name)] : {}
      place = (step.endsWith('[]') ? (place[name] as unknown[])[0] : place[name]) as Record<string, unknown>
    }
  }
  return copy
}
