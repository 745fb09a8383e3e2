import { randomUUID } from 'node:crypto'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { readRawRows, Sales } from '../support/raw-figures.ts'
import { makeOrder, makeRefund } from '../support/shop.ts'
import { checkToday } from './checks.ts'
import { anyMoment, anyZone, type World } from './world.ts'

/** Something that happens in a shop. It does nothing if its subject does not exist. */
export interface Command {
  run(world: World): Promise<void>
  toString(): string
}

/** A command with its name and arguments, which are printed if a run fails. */
function command<Input>(
  name: string,
  input: fc.Arbitrary<Input>,
  run: (world: World, input: Input) => Promise<void>,
): fc.Arbitrary<Command> {
  return input.map((value) => ({
    run: (world) => run(world, value),
    toString: () => `${name}(${fc.stringify(value)})`,
  }))
}

const anyIndex = fc.nat({ max: 30 })
const anyMethod = fc.constantFrom('cash', 'card', 'transfer')
const anyQuantity = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map(String),
  fc.constantFrom('0.5', '0.333', '2.25', '12.125'),
)
const anyPrice = fc.constantFrom('11.20', '0.0350', '249.99', '7', '1', '0.01', '0')
const anyPercent = fc.constantFrom(100, 50, 33, 10, 1)
const anyDiscount = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: anyPercent })
const anyTip = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 999 }) })
const anyTaxRate = fc.constantFrom('0', '0.12', '0.21', '0.0825')
const anyClient = fc.option(fc.nat({ max: 1 }))

/** create_order, paid by several methods or left open. */
const createOrder = command(
  'create_order',
  fc.record({
    at: anyMoment,
    location: anyIndex,
    client: anyClient,
    items: fc.array(
      fc.record({
        product: anyIndex,
        quantity: anyQuantity,
        unitPrice: anyPrice,
        discountPercent: anyDiscount,
      }),
      { minLength: 1, maxLength: 3 },
    ),
    tip: anyTip,
    methods: fc.array(anyMethod, { minLength: 1, maxLength: 3 }),
    open: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  async (world, { at, location, client, items, tip, methods, open }) => {
    const lines = items.map(({ product, discountPercent, ...item }) => {
      const tag = new Decimal(item.quantity).times(item.unitPrice).toDecimalPlaces(world.digits)
      const discount = world.partOf(tag, discountPercent)
      return { product: product % world.products.length, ...item, discount, paid: tag.minus(discount) }
    })
    const order = {
      locationId: world.location(location),
      ...(client === null ? {} : { clientId: world.client(client) }),
      items: lines.map(({ product, paid: _, ...line }) => ({ product: `SKU-${product}`, ...line })),
      tip: world.minor(tip),
      open,
    }
    const rehearsal = await world.attempt('create_order', { ...order, dryRun: true }, world.instant(at))
    if (rehearsal === null) return
    const { total, tax } = rehearsal.totals as { total: string; tax: string }
    const taxes = lines.map(({ product, paid }) => world.taxOf(product, paid))
    const parts = [order.tip, ...lines.map(({ paid }) => paid), ...(world.plan.pricesIncludeTax ? [] : taxes)]
    expect({ tax, total }, 'create_order').toEqual({
      tax: Decimal.sum(0, ...taxes).toFixed(world.digits),
      total: Decimal.sum(...parts).toFixed(world.digits),
    })
    const share = world.partOf(total, Math.floor(100 / methods.length))
    const payments = methods.map((method, index) => ({
      method,
      amount: index > 0 ? share : new Decimal(total).minus(new Decimal(share).times(methods.length - 1)).toFixed(),
    }))
    const { order: made } = await world.ok('create_order', {
      ...order,
      ...(open ? {} : { payments }),
      expectedTotal: total,
    })
    world.orders.push(made.id)
  },
)

/** refund_order: all that is left, or units or money of one line. */
const refundOrder = command(
  'refund_order',
  fc.record({
    at: anyMoment,
    order: anyIndex,
    what: fc.constantFrom('whole', 'units', 'money'),
    line: anyIndex,
    percent: anyPercent,
    refundTip: fc.option(fc.boolean()),
    restock: fc.boolean(),
    method: fc.option(anyMethod),
  }),
  async (world, { at, order, what, line, percent, refundTip, restock, method }) => {
    const found = await completedOrder(world, order)
    const sold = found?.lines.filter(({ quantity }) => new Decimal(quantity).gt(0)) ?? []
    const item = sold[line % sold.length]
    if (found === null || item === undefined) return
    const quantity = new Decimal(item.quantity).times(percent).div(100).toDecimalPlaces(3, Decimal.ROUND_UP).toFixed()
    const paid = new Decimal(item.gross_sales).minus(item.discount).plus(item.tax)
    const amount = world.partOf(paid, percent)
    if (what === 'money' && new Decimal(amount).lte(0)) return
    const part = what === 'units' ? { quantity } : { amount }
    const args = {
      order: found.id,
      reason: 'property',
      restock,
      ...(what === 'whole' ? {} : { lines: [{ line: item.line_number, ...part }] }),
      ...(refundTip === null ? {} : { refundTip }),
    }
    const attempt = (more: object) => world.attempt('refund_order', { ...args, ...more }, world.instant(at))
    const result = await (method === null
      ? attempt({}).catch((error: Error) => {
          // Of money whose payment is not known, somebody has to say how it goes back.
          if (error.message.includes('method: name how')) return attempt({ method: 'cash' })
          throw error
        })
      : attempt({ method }))
    if (result === null) return
    const refund = result.refund as { id: string }
    const sales = new Sales(await readRawRows(world.service.db, world.shop.id))
    expect(refund, 'refund_order').toEqual(sales.refund(refund.id))
    if (what === 'whole' && refundTip !== false) expect(result.refundable, 'left to refund').toBe(sales.minor(0))
  },
)

/** cancel_order on the day of the sale; refused where there are refunds. */
const cancelOrder = command('cancel_order', fc.record({ order: anyIndex }), async (world, { order }) => {
  const found = await completedOrder(world, order)
  if (found === null) return
  await world.attempt('cancel_order', { order: found.id, reason: 'property' }, found.completedAt)
})

/** An order as an import writes it, with returns as lines of negative quantity. */
const importOrder = command(
  'import_order',
  fc.record({
    at: anyMoment,
    location: anyIndex,
    client: anyClient,
    status: fc.constantFrom(
      'completed' as const,
      'completed' as const,
      'completed' as const,
      'open' as const,
      'cancelled' as const,
    ),
    lines: fc.array(
      fc.record({
        product: anyIndex,
        quantity: anyQuantity,
        isReturn: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        unitPrice: anyPrice,
        discountPercent: anyDiscount,
        taxRate: anyTaxRate,
        taxIncluded: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    tips: anyTip,
    payments: fc.array(fc.record({ method: anyMethod, units: fc.integer({ min: -5000, max: 5000 }) }), {
      maxLength: 2,
    }),
  }),
  async (world, { at, location, client, status, lines, tips, payments }) => {
    const id = await makeOrder(world.service.db.database, world.shop, {
      number: randomUUID(),
      at: world.instant(at).toISOString(),
      status,
      location: world.location(location),
      lines: lines.map(({ product, quantity, isReturn, unitPrice, discountPercent, taxRate, taxIncluded }) => ({
        ...world.product(product),
        quantity: isReturn ? `-${quantity}` : quantity,
        unitPrice,
        discount: world.partOf(new Decimal(quantity).times(unitPrice), discountPercent),
        taxRate,
        taxIncluded,
      })),
      tips: world.minor(tips),
      ...(payments.length === 0
        ? {}
        : { payments: payments.map(({ method, units }) => ({ method, amount: world.minor(units) })) }),
    })
    if (client !== null) {
      await world.write(sql`update orders set customer_id = ${world.client(client)} where id = ${id}`)
    }
    world.orders.push(id)
  },
)

/** A refund as an import writes it: at any place, of any amounts. */
const importRefund = command(
  'import_refund',
  fc.record({
    at: anyMoment,
    order: anyIndex,
    location: anyIndex,
    quantity: fc.oneof(fc.constant('0'), anyQuantity),
    returns: fc.nat({ max: 5000 }),
    tax: fc.nat({ max: 500 }),
    tips: anyTip,
  }),
  async (world, { at, order, location, quantity, returns, tax, tips }) => {
    const found = await completedOrder(world, order)
    const line = found?.lines[0]
    if (found === null || line === undefined) return
    await makeRefund(world.service.db.database, world.shop, {
      orderId: found.id,
      at: world.instant(at).toISOString(),
      location: world.location(location),
      tips: world.minor(tips),
      lines: [
        {
          productId: line.product_id,
          variantId: line.variant_id,
          line: line.line_number,
          quantity,
          returns: world.minor(returns),
          tax: world.minor(tax),
        },
      ],
    })
  },
)

/** Late edits of the lines of an order: a line changed, all taxed at a new rate, one added, one removed. */
const editLines = command(
  'edit_lines',
  fc.record({
    order: anyIndex,
    edit: fc.constantFrom('change', 'retax', 'add', 'delete'),
    product: anyIndex,
    quantity: fc.integer({ min: -4, max: 4 }).filter((quantity) => quantity !== 0),
    gross: fc.nat({ max: 9999 }),
    discountPercent: anyDiscount,
    tax: fc.nat({ max: 999 }),
    taxRate: anyTaxRate,
    unitCost: fc.option(fc.constantFrom('0', '3.3333')),
  }),
  async (world, { order, edit, product, quantity, discountPercent, taxRate, unitCost, ...units }) => {
    const id = world.order(order)
    if (id === undefined) return
    const sign = Math.sign(quantity)
    const gross = world.minor(sign * units.gross)
    const discount = world.minor(sign * Math.floor((units.gross * discountPercent) / 100))
    const tax = world.minor(sign * units.tax)
    const { productId, variantId } = world.product(product)
    const last = sql`(select max(line_number) from order_item where order_id = ${id})`
    const statements = {
      change: sql`update order_item set quantity = ${quantity}, gross_sales = ${gross}, discount = ${discount}, tax = ${tax},
        unit_cost = ${unitCost} where order_id = ${id} and line_number = 1`,
      retax: sql`update order_item set tax_rate = ${taxRate} where order_id = ${id}`,
      add: sql`insert into order_item (business_id, order_id, line_number, product_id, variant_id, name, quantity,
          unit_price, tax_rate, gross_sales, discount, tax, unit_cost)
        values (${world.shop.id}, ${id}, coalesce(${last}, 0) + 1, ${productId}, ${variantId}, 'late', ${quantity}, 1,
          ${taxRate}, ${gross}, ${discount}, ${tax}, ${unitCost})`,
      delete: sql`delete from order_item where order_id = ${id} and line_number = ${last}`,
    }
    await world.tryToWrite(statements[edit])
  },
)

/** Late edits of the payments of an order. */
const editPayments = command(
  'edit_payments',
  fc.record({
    order: anyIndex,
    edit: fc.constantFrom('change', 'add', 'delete'),
    method: anyMethod,
    amount: fc.nat({ max: 9999 }),
  }),
  async (world, { order, edit, method, amount }) => {
    const id = world.order(order)
    if (id === undefined) return
    const value = world.minor(amount)
    const last = sql`(select max(payment_number) from order_payment where order_id = ${id})`
    const statements = {
      change: sql`update order_payment set method = ${method}, amount = ${value} where order_id = ${id}`,
      add: sql`insert into order_payment (business_id, order_id, payment_number, method, amount)
        values (${world.shop.id}, ${id}, coalesce(${last}, 0) + 1, ${method}, ${value})`,
      delete: sql`delete from order_payment where order_id = ${id} and payment_number = ${last}`,
    }
    await world.write(statements[edit])
  },
)

/** An order whose time, place, client or tip is corrected. */
const moveOrder = command(
  'move_order',
  fc.record(
    {
      order: anyIndex,
      at: anyMoment,
      location: anyIndex,
      client: anyClient,
      tips: anyTip,
    },
    { requiredKeys: ['order'] },
  ),
  async (world, { order, at, location, client, tips }) => {
    const id = world.order(order)
    if (id === undefined) return
    const changes = [
      ...(at === undefined ? [] : [sql`completed_at = ${world.instant(at)}`]),
      ...(location === undefined ? [] : [sql`location_id = ${world.location(location)}`]),
      ...(client === undefined ? [] : [sql`customer_id = ${client === null ? null : world.client(client)}`]),
      ...(tips === undefined ? [] : [sql`tips = ${world.minor(tips)}`]),
    ]
    if (changes.length > 0) await world.write(sql`update orders set ${sql.join(changes)} where id = ${id}`)
  },
)

/** What an import knows of an order, or does not: who sold it and how, its hour, the costs and tax rates of its lines. */
const describeOrder = command(
  'describe_order',
  fc.record(
    {
      order: anyIndex,
      seller: fc.constantFrom('E-0', 'E-1', null),
      type: fc.constantFrom('retail', 'delivery'),
      hasTime: fc.boolean(),
      refundHasTime: fc.boolean(),
      cost: fc.constantFrom('0', '4.1666', null),
      taxRate: fc.option(anyTaxRate),
    },
    { requiredKeys: ['order'] },
  ),
  async (world, { order, seller, type, hasTime, refundHasTime, cost, taxRate }) => {
    const id = world.order(order)
    if (id === undefined) return
    const employee = sql`(select id from employee where business_id = ${world.shop.id} and number = ${seller})`
    const changes = [
      ...(seller === undefined ? [] : [sql`sold_by = ${employee}`]),
      ...(type === undefined ? [] : [sql`order_type = ${type}`]),
      ...(hasTime === undefined ? [] : [sql`has_time = ${hasTime}`]),
    ]
    if (changes.length > 0) await world.write(sql`update orders set ${sql.join(changes)} where id = ${id}`)
    if (refundHasTime !== undefined) {
      await world.write(sql`update order_refund set has_time = ${refundHasTime} where order_id = ${id}`)
    }
    if (cost !== undefined) {
      await world.write(sql`update order_item set unit_cost = ${cost} where order_id = ${id} and line_number = 1`)
    }
    if (taxRate !== undefined) {
      await world.write(sql`update order_item set tax_rate = ${taxRate} where order_id = ${id} and line_number = 1`)
    }
  },
)

/** All orders of a client or of a location, moved to another in one statement. */
const moveAll = command(
  'move_all',
  fc.record({ what: fc.constantFrom('client', 'location'), from: anyIndex, to: anyIndex }),
  async (world, { what, from, to }) =>
    world.write(
      what === 'client'
        ? sql`update orders set customer_id = ${world.client(to)} where customer_id = ${world.client(from)}`
        : sql`update orders set location_id = ${world.location(to)} where location_id = ${world.location(from)}`,
    ),
)

/** A status set without the tools; the schema keeps orders with refunds completed. */
const changeStatus = command(
  'change_status',
  fc.record({ order: anyIndex, status: fc.constantFrom('open', 'completed', 'cancelled'), at: anyMoment }),
  async (world, { order, status, at }) => {
    const id = world.order(order)
    if (id === undefined) return
    const instant = world.instant(at)
    await world.tryToWrite(sql`
      update orders set status = ${status}, completed_at = coalesce(completed_at, ${instant}),
        cancelled_at = coalesce(cancelled_at, ${instant})
      where id = ${id}`)
  },
)

/** The business or a location, moved to another time zone. */
const changeZone = command(
  'change_zone',
  fc.record({ location: fc.option(anyIndex), zone: anyZone }),
  async (world, { location, zone }) => world.changeZone(location, zone),
)

/** A product with another category and supplier, or none; reports use the present ones. */
const changeCategory = command(
  'change_category',
  fc.record({
    product: anyIndex,
    category: fc.constantFrom('Bakery', 'Drinks', null),
    supplier: fc.constantFrom('Norte', 'Sur', null),
  }),
  async (world, { product, category, supplier }) =>
    world.write(sql`
      update product set category_id = (
        select id from category where business_id = ${world.shop.id} and name = ${category}),
      supplier_id = (select id from supplier where business_id = ${world.shop.id} and name = ${supplier})
      where id = ${world.product(product).productId}`),
)

/** A client in another city, or in none. */
const changeCity = command(
  'change_city',
  fc.record({ client: fc.nat({ max: 1 }), city: fc.constantFrom('Antigua', ' Antigua ', 'Cobán', '', null) }),
  async (world, { client, city }) =>
    world.write(sql`update customer set city = ${city} where id = ${world.client(client)}`),
)

/** Somebody looks at the running day. */
const lookAtToday = command(
  'look_at_today',
  fc.record({ at: anyMoment, location: anyIndex }),
  async (world, { at, location }) => checkToday(world, location, world.instant(at)),
)

/** Any sequence of commands, in proportions that leave most orders completed; a bias would prefer short sequences. */
export const anyCommands: fc.Arbitrary<Command[]> = fc.noBias(
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: createOrder },
      { weight: 6, arbitrary: importOrder },
      { weight: 5, arbitrary: refundOrder },
      { weight: 2, arbitrary: importRefund },
      { weight: 1, arbitrary: cancelOrder },
      { weight: 3, arbitrary: editLines },
      { weight: 1, arbitrary: editPayments },
      { weight: 3, arbitrary: moveOrder },
      { weight: 3, arbitrary: describeOrder },
      { weight: 1, arbitrary: moveAll },
      { weight: 2, arbitrary: changeStatus },
      { weight: 1, arbitrary: changeZone },
      { weight: 2, arbitrary: changeCategory },
      { weight: 2, arbitrary: changeCity },
      { weight: 1, arbitrary: lookAtToday },
    ),
    { minLength: 1, maxLength: 60, size: 'max' },
  ),
)

/** One of the completed orders, with its lines as they are stored. */
async function completedOrder(world: World, index: number) {
  const { asOwner } = world.service.db
  const orders = await asOwner<{ id: string; completed_at: Date }>(
    "select id, completed_at from orders where business_id = $1 and status = 'completed' order by array_position($2, id)",
    [world.shop.id, world.orders],
  )
  const order = orders[index % orders.length]
  if (order === undefined) return null
  const lines = await asOwner<{
    line_number: number
    product_id: string
    variant_id: string
    quantity: string
    gross_sales: string
    discount: string
    tax: string
  }>('select * from order_item where order_id = $1 order by line_number', [order.id])
  return { id: order.id, completedAt: order.completed_at, lines }
}
