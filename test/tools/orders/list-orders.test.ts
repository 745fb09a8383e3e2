import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { withoutCode } from '../../support/boundary.ts'
import { makeOrder } from '../../support/shop.ts'
import { NOON, startTill, type Till } from '../../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
  await till.product('PAN', { price: '10' })
  await till.product('TAZA', { price: '56', stock: '9' })
  await till.service.db.asOwner(
    `insert into customer (business_id, code, name, email)
     values ($1, 'C-1', 'José 100% Peña', 'jose@example.com'), ($1, 'C-2', 'Ana', null)`,
    [till.shop.id],
  )
  await till.service.db.asOwner(
    `insert into employee (business_id, number, name, user_id)
     values ($1, '7', 'Sofía Hernández', null), ($1, '8', 'Carlos Ruiz', $2)`,
    [till.shop.id, await userId('carlos')],
  )
  for (const clientId of ['C-1', 'C-2', undefined, 'C-1']) {
    const items = [{ product: 'PAN', quantity: '1' }]
    await till.ok('create_order', { items, ...(clientId === undefined ? {} : { clientId }) })
  }
})
afterAll(() => till?.service.close())

async function userId(uid: string): Promise<string> {
  const [user] = await till.service.db.asOwner<{ id: string }>('select id from app_user where firebase_uid = $1', [uid])
  return (user as { id: string }).id
}

interface List {
  columns: string[]
  same: Record<string, string>
  orders: string[][]
}
/** The rows of a list with their columns, also those that were left out. */
const rowsOf = ({ columns, same, orders }: List): Record<string, string>[] =>
  orders.map((cells) => ({ ...same, ...Object.fromEntries(columns.map((at, index) => [at, cells[index] ?? ''])) }))

async function found(args: Record<string, unknown>, token = till.owner): Promise<(string | undefined)[]> {
  const { data } = await till.ok('list_orders', args, { token })
  return rowsOf(data).map(({ order }) => order)
}

describe('list_orders finds', () => {
  it.each([
    ['jose', ['FP-000001', 'FP-000004']],
    ['PENA', ['FP-000001', 'FP-000004']],
    ['c-2', ['FP-000002']],
    ['@example', ['FP-000001', 'FP-000004']],
    ['fp-000003', ['FP-000003']],
    ['0000', ['FP-000001', 'FP-000002', 'FP-000003', 'FP-000004']],
    // A percent sign is an ordinary character.
    ['100%', ['FP-000001', 'FP-000004']],
    ['%', ['FP-000001', 'FP-000004']],
    ['nobody', []],
  ])('orders by %s', async (search, numbers) => {
    expect((await found({ search })).sort()).toEqual(numbers)
  })

  it('them by the words of a product as it is called now, in any order, and not by its barcode', async () => {
    const own = await startTill()
    onTestFinished(() => own.service.close())
    const { productId } = await own.product('ZX-1', { stock: '9' })
    const asOwner = (statement: string) => own.service.db.asOwner(statement)
    await asOwner(`update product_variant set barcode = '7401234567890' where product_id = '${productId}'`)
    await asOwner(`update product set name = 'Café Molido' where id = '${productId}'`)
    await own.ok('create_order', { items: [{ product: 'ZX-1', quantity: '1' }] })
    const count = async (search: string) => (await own.ok('list_orders', { search })).data.orders.length
    expect(await count('molidos cafe')).toBe(1)
    expect(await count('740123')).toBe(0)
    await asOwner(`update product set name = 'Grano Tostado' where id = '${productId}'`)
    expect(await count('grano')).toBe(1)
    expect(await count('molido')).toBe(0)
  })

  it('them together with other filters, and over pages', async () => {
    const first = await till.ok('list_orders', { search: 'fp-', limit: 3 })
    expect(first.data.hasMore).toBe(true)
    expect(first.text).toMatch(/^Only 3 of 4 orders are shown; more follow with cursor/)
    const { nextCursor: cursor } = first.data
    const second = await till.ok('list_orders', { search: 'fp-', limit: 3, cursor })
    const numbers = [...rowsOf(first.data), ...rowsOf(second.data)].map(({ order }) => order)
    expect(new Set(numbers).size).toBe(4)
    expect(second.data.hasMore).toBe(false)
    expect(await till.fails('list_orders', { cursor, sort: 'oldest' })).toContain('cursor belongs to another sort')
    const [order] = await found({ search: 'jose', limit: 1 })
    await till.ok('cancel_order', { order, reason: 'x' })
    expect(await found({ search: 'jose', status: 'completed' })).toHaveLength(1)
  })
})

describe('list_orders', () => {
  // Its own shop, with sales of three days worked out by hand. Prices include 12 % tax.
  let own: Till
  beforeAll(async () => {
    own = await startTill()
    await own.product('PAN', { price: '11.20' })
    await own.product('TAZA', { price: '56', stock: '9' })
    await own.service.db.asOwner(
      `insert into employee (business_id, number, name, user_id)
       select $1::uuid, '7', 'Sofía Hernández', null::uuid union all
       select $1::uuid, '8', 'Carlos Ruiz', id from app_user where firebase_uid = 'carlos'`,
      [own.shop.id],
    )
    const day = (date: string) => {
      own.service.now = new Date(`${date}T18:00:00Z`)
    }
    const sell = (items: object[], more: object = {}, token = own.owner) =>
      own.ok('create_order', { items, ...more }, { token })
    day('2026-03-08')
    // 22.40: net 20.00, tax 2.40.
    await sell([{ product: 'PAN', quantity: '2' }], { paymentMethod: 'Card', employee: 'sofia hernandez' })
    day('2026-03-09')
    // 56.00 − 5.60 = 50.40: net 45.00, tax 5.40, discount 5.00 without tax; with a tip 55.40.
    await sell([{ product: 'TAZA', quantity: '1', discount: '5.60' }], { tip: '5', employee: '7', note: 'para Ximena' })
    await sell([{ product: 'PAN', quantity: '1' }], { open: true })
    day('2026-03-10')
    // 112.00: net 100.00, tax 12.00. The cashier is Carlos.
    await sell([{ product: 'TAZA', quantity: '2' }], { paymentMethod: 'card' }, own.cashier)
    own.service.now = new Date('2026-03-10T18:01:00Z')
    await sell([{ product: 'PAN', quantity: '1' }], {}, own.cashier)
    await own.ok('refund_order', {
      ...{ order: 'FP-000004', reason: 'broken mug', restock: false, employee: 'Sofía Hernández' },
      lines: [{ line: 1, quantity: '1' }],
    })
    await own.ok('cancel_order', { order: 'fp-000005', reason: 'twice' }, { token: own.cashier })
    own.service.now = new Date('2026-03-10T18:02:00Z')
  })
  afterAll(() => own?.service.close())

  const numbers = async (args: Record<string, unknown>, token = own.owner) =>
    rowsOf((await own.ok('list_orders', args, { token })).data).map(({ order }) => Number(order?.slice(3)))

  it('tells how many match and their sums by status, whatever the page shows', async () => {
    const { data, text } = await own.ok('list_orders', { limit: 1 })
    expect(data.matching).toEqual({
      orders: 5,
      byStatus: [
        {
          status: 'completed',
          orders: 3,
          netSales: '165.00',
          tax: '19.80',
          tips: '5.00',
          total: '189.80',
          discounts: '5.00',
          refunded: '56.00',
        },
        {
          ...{ status: 'open', orders: 1, netSales: '10.00', tax: '1.20', tips: '0.00', total: '11.20' },
          ...{ discounts: '0.00', refunded: '0.00' },
        },
        {
          ...{ status: 'cancelled', orders: 1, netSales: '10.00', tax: '1.20', tips: '0.00', total: '11.20' },
          ...{ discounts: '0.00', refunded: '0.00' },
        },
      ],
    })
    expect(text).toContain(
      '5 orders match. 3 completed: total GTQ 189.80 with tax (net 165.00, tax 19.80, tips 5.00), discounts 5.00, refunded 56.00; 1 open:',
    )
  })

  it('has all columns in both halves, at local times', async () => {
    const { data, text } = await own.ok('list_orders', { from: '2026-03-09', to: '2026-03-10', status: 'completed' })
    expect(rowsOf(data)).toEqual([
      {
        ...{ order: 'FP-000004', opened: '2026-03-10 12:00', total: '112.00' },
        ...{ location: 'Location 1', 'sold by': 'Carlos Ruiz', tips: '', discounts: '' },
        refunded: '56.00',
      },
      {
        ...{ order: 'FP-000002', opened: '2026-03-09 12:00', total: '55.40' },
        ...{ location: 'Location 1', 'sold by': 'Sofía Hernández', tips: '5.00', discounts: '5.00' },
        refunded: '',
      },
    ])
    expect(data.window).toEqual({
      ...{ from: '2026-03-09', to: '2026-03-10', timezone: 'America/Guatemala', currency: 'GTQ', soFar: '12:02' },
    })
    expect(text.split('\n').slice(0, -3)).toEqual([
      '2 orders match, completed 2026-03-09 to 2026-03-10 so far (12:02). 2 completed: total GTQ 167.40 with tax (net 145.00, tax 17.40, tips 5.00), discounts 5.00, refunded 56.00.',
      'All rows below: location Location 1.',
      '|order|opened|total|sold by|tips|discounts|refunded',
      '|FP-000004|2026-03-10 12:00|112.00|Carlos Ruiz|||56.00',
      '|FP-000002|2026-03-09 12:00|55.40|Sofía Hernández|5.00|5.00',
    ])
    expect(text).toContain('Amounts in GTQ: net and discounts are without tax;')
  })

  it('tells of cancelled orders who cancelled them, when and why, and of all that match by whom', async () => {
    const { data, text } = await own.ok('list_orders', { status: 'cancelled' })
    expect(withoutCode(rowsOf(data))).toMatchObject([
      {
        ...{ order: 'FP-000005', 'sold by': 'Carlos Ruiz', status: 'cancelled', cancelled: '2026-03-10 12:01' },
        ...{ 'cancelled by': 'Carlos Ruiz', reason: '<untrusted>twice</untrusted>' },
      },
    ])
    expect(data.matching.byEmployee).toEqual({
      ...{ did: 'cancelled', people: 1 },
      rows: [{ employee: 'Carlos Ruiz', orders: 1, total: '11.20', discounts: '0.00' }],
    })
    expect(text).toContain('By who cancelled: Carlos Ruiz 1 (total 11.20).')
    const asked = await own.ok('list_orders', { status: 'cancelled', employee: '8' })
    expect(asked.data.terms).toMatch(/^employee: who cancelled\. /)
    expect(await numbers({ status: 'cancelled', employee: '7' })).toEqual([])
  })

  it('tells of discounted orders who gave the discount', async () => {
    const { data, text } = await own.ok('list_orders', { discounted: true, employee: '7' })
    expect(rowsOf(data)).toMatchObject([{ order: 'FP-000002', 'discounted by': 'Sofía Hernández' }])
    expect(data.matching.byEmployee.rows).toEqual([
      { employee: 'Sofía Hernández', orders: 1, total: '55.40', discounts: '5.00' },
    ])
    expect(text).toContain('By who discounted: Sofía Hernández 1 (discounts 5.00).')
    expect(data.terms).toMatch(/^employee: who gave the discount\. /)
    const sold = await own.ok('list_orders', { employee: '7' })
    expect(sold.data.terms).toMatch(/^employee: who sold\. /)
    expect(sold.data.matching.byEmployee).toBeUndefined()
    // A cashier's own are those sold.
    const cancelled = await own.ok('list_orders', { status: 'cancelled' }, { token: own.cashier })
    expect(cancelled.data.matching.byEmployee).toBeUndefined()
  })

  it.each([
    [{ minTotal: '22.40', maxTotal: '60' }, [2, 1]],
    [{ paymentMethod: 'CARD' }, [4, 1]],
    [{ product: 'TAZA' }, [4, 2]],
    [{ employee: 'SOFIA HERNANDEZ' }, [2, 1]],
    [{ employee: '8' }, [5, 4]],
    // Opened by the owner, who is no employee.
    [{ employee: 'none' }, [3]],
    [{ employee: 'nadie', status: 'completed' }, []],
    [{ employee: 'none', status: 'cancelled' }, []],
    [{ clientId: 'none', paymentMethod: 'card' }, [4, 1]],
    [{ clientId: 'sin cliente', employee: 'none' }, [3]],
    [{ discounted: true }, [2]],
    [{ discounted: false, status: 'completed' }, [4, 1]],
    [{ refunded: true }, [4]],
    [{ refunded: false, status: 'completed' }, [2, 1]],
    [{ search: 'ximena' }, [2]],
    [{ search: 'taza' }, [4, 2]],
    [{ sort: 'oldest', status: 'completed' }, [1, 2, 4]],
    [{ sort: 'largest', status: 'completed' }, [4, 2, 1]],
    [{ sort: 'smallest', status: 'completed' }, [1, 2, 4]],
    [{ sort: 'discount', limit: 1 }, [2]],
    [{ locationId: 'x' }, 'locationId must be one of this business'],
    [{ employee: 'Otro' }, 'employee must be one of this business: "Carlos Ruiz" (8); "Sofía Hernández" (7).'],
    [{ employee: 'Otro' }, '"none" takes what has none.'],
    [{ paymentMethod: 'tarjeta' }, 'paymentMethod must be one of: '],
    [{ product: 'NADA' }, 'product'],
    [{ clientId: 'C-99' }, 'clientId'],
  ])('filters and sorts by %j', async (args, expected) => {
    if (typeof expected === 'string') expect(await own.fails('list_orders', args)).toContain(expected)
    else expect(await numbers(args)).toEqual(expected)
  })

  it('says that none is asked for, with the sums of all that match', async () => {
    const { data, text } = await own.ok('list_orders', { clientId: 'sin cliente', employee: 'nobody' })
    expect(data.matching).toMatchObject({ orders: 1 })
    for (const half of [data.terms, text]) expect(half).toContain('clientId: none; employee: none; ')
    // The cancelled order was sold by Carlos to nobody who is known.
    const all = await own.ok('list_orders', { clientId: 'none' })
    expect(all.data.matching).toMatchObject({ orders: 5 })
  })

  it('goes through pages in any order, each order once', async () => {
    for (const sort of ['newest', 'oldest', 'largest', 'smallest', 'discount']) {
      const seen: (string | undefined)[] = []
      let cursor: string | undefined
      do {
        const { data } = await own.ok('list_orders', { sort, limit: 2, ...(cursor && { cursor }) })
        seen.push(...rowsOf(data).map(({ order }) => order))
        cursor = data.nextCursor
      } while (cursor !== undefined)
      expect({ sort, seen: [...seen].sort() }).toEqual({
        sort,
        seen: [1, 2, 3, 4, 5].map((number) => `FP-00000${number}`),
      })
    }
  })

  it('gives a cashier own sales and their sums alone, and any one order by its number', async () => {
    const { data, text } = await own.ok('list_orders', {}, { token: own.cashier })
    expect(rowsOf(data).map(({ order }) => order)).toEqual(['FP-000005', 'FP-000004'])
    expect(data.matching).toMatchObject({ orders: 2, byStatus: [{ total: '112.00' }, { total: '11.20' }] })
    expect(data.terms).toContain('Only your own orders (Carlos Ruiz), as your role sees them.')
    expect(text).toContain('Only your own orders (Carlos Ruiz)')
    // An order of Sofía, as on its receipt; it is in no sum.
    const other = await own.ok('list_orders', { search: '0002' }, { token: own.cashier })
    expect(rowsOf(other.data).map(({ order }) => order)).toContain('FP-000002')
    expect(other.data.matching.orders).toBe(0)
    expect((await own.ok('get_order', { order: '0002' }, { token: own.cashier })).data.order.total).toBe('55.40')
    expect(await own.fails('list_orders', { employee: '7' }, { token: own.cashier })).toBe(
      'role_not_allowed: employee: the role cashier asks about itself alone. Leave employee out, or ask an owner, admin or manager.',
    )
    for (const tool of ['list_orders', 'list_refunds']) {
      expect(await own.fails(tool, { employee: 'none' }, { token: own.cashier })).toMatch(/^role_not_allowed: employee/)
    }
    const refunds = await own.ok('list_refunds', {}, { token: own.cashier })
    expect(refunds.data.sums.refunds).toBe(0)
    // Without a link to an employee, nothing is known to be theirs.
    await own.service.db.asOwner("update employee set user_id = null where business_id = $1 and number = '8'", [
      own.shop.id,
    ])
    const unlinked = await own.ok('list_orders', {}, { token: own.cashier })
    expect(unlinked.data.orders).toEqual([])
    expect(unlinked.text).toContain('Your login is not linked to an employee')
  })

  it('fits a hundred orders into what a model reads', async () => {
    const many = await startTill()
    onTestFinished(() => many.service.close())
    const product = await many.product('PAN', { price: '10' })
    const { asOwner } = many.service.db
    await asOwner(
      `insert into customer (business_id, code, name)
       select $1, 'C-' || n, (array['María del Carmen Ixcot', 'José Pérez López', 'Ana Lucía Gómez'])[1 + n % 3] || ' ' || n
       from generate_series(1, 50) n`,
      [many.shop.id],
    )
    await asOwner(
      `insert into employee (business_id, number, name)
       select $1, n::text, (array['Sofía Hernández', 'Carlos Ruiz', 'Lucía Barrios', 'Ana Morales'])[n] from generate_series(1, 4) n`,
      [many.shop.id],
    )
    await asOwner(
      "insert into location (business_id, name, timezone) values ($1, 'Zona 10', 'America/Guatemala'), ($1, 'Antigua', 'America/Guatemala')",
      [many.shop.id],
    )
    const locations = await asOwner<{ id: string }>(
      "select id from location where business_id = $1 and name not like 'Loc%' order by name",
      [many.shop.id],
    )
    for (let n = 0; n < 100; n += 1) {
      const line = { ...product, quantity: String(1 + (n % 7)), unitPrice: `${20 + ((n * 37) % 190)}.${10 + (n % 80)}` }
      await makeOrder(many.service.db.database, many.shop, {
        number: `Z10-2603${String(1 + (n % 9)).padStart(2, '0')}-${String(n).padStart(4, '0')}`,
        at: new Date(NOON.getTime() - n * 3_700_000).toISOString(),
        status: n % 20 === 3 ? 'open' : 'completed',
        location: locations[n % 2]?.id as string,
        lines: [{ ...line, taxRate: '0.12', taxIncluded: true, ...(n % 8 === 0 ? { discount: '3.5' } : {}) }],
        ...(n % 10 === 0 ? { tips: '5' } : {}),
      })
    }
    await asOwner(
      `update orders o set
         sold_by = (select id from employee e where e.business_id = o.business_id order by number offset right(o.order_number, 4)::int % 4 limit 1),
         customer_id = (select id from customer c where c.business_id = o.business_id and c.code = 'C-' || (right(o.order_number, 4)::int))
       from (select set_config('app.business_id', $1::text, false)) s where o.business_id = $1::uuid`,
      [many.shop.id],
    )
    const { data, text } = await many.ok('list_orders', { limit: 100 })
    expect(data.orders).toHaveLength(100)
    expect(rowsOf(data)[0]).toMatchObject({ order: 'Z10-260301-0000', 'opened in 2026-03': '10 12:00', tips: '5.00' })
    expect(countTokens(JSON.stringify({ text, data }))).toBeLessThan(8000)
  })
})

it('lists a page of what is found very often, without counting it', async () => {
  const own = await startTill()
  onTestFinished(() => own.service.close())
  const bread = await own.product('BREAD', { price: '1' })
  const tea = await own.product('TEA', { price: '1' })
  const { asOwner } = own.service.db
  await asOwner(`update product set name = 'Pan francés' where id = '${bread.productId}'`)
  for (const [number, product] of [
    ['1', bread],
    ['2', tea],
    ['3', bread],
    ['PAN-4', tea],
  ] as const) {
    const lines = [{ ...product, quantity: '1', unitPrice: '1' }]
    await makeOrder(own.service.db.till, own.shop, { number, at: `2026-03-0${number.at(-1)}T18:00:00Z`, lines })
  }
  const isCounted = async () => {
    const { data } = await own.ok('list_orders', { search: 'pan' })
    expect(rowsOf(data).map(({ order }) => order)).toEqual(['PAN-4', '3', '1'])
    expect(data.matching.orders).toBe(3)
  }
  await isCounted()
  // Of few orders, also what is found very often is; of many, what is found seldom.
  const addLines = `begin; set local session_replication_role = replica;
    insert into order_item (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, gross_sales)
      select i.business_id, i.order_id, n, i.product_id, i.variant_id, i.name, 1, 1, 1
      from order_item i join orders o on o.business_id = i.business_id and o.id = i.order_id
      cross join generate_series(2, 50001) n where o.order_number = '1' and o.business_id = '${own.shop.id}';
    commit`
  await asOwner(`update sales_monthly set orders = 60000 where business_id = '${own.shop.id}'`)
  await isCounted()
  await asOwner(addLines)

  const first = await own.ok('list_orders', { search: 'pan', limit: 2 })
  expect(rowsOf(first.data).map(({ order }) => order)).toEqual(['PAN-4', '3'])
  expect(first.data.matching).toBeUndefined()
  expect(first.text).toContain('Not counted or added up: more than 50,000 orders or lines to read.')
  const { nextCursor: cursor } = first.data
  const second = await own.ok('list_orders', { search: 'pan', limit: 2, cursor })
  expect(rowsOf(second.data).map(({ order }) => order)).toEqual(['1'])
  expect(second.data.hasMore).toBe(false)

  // A few days are few orders.
  const days = { from: '2026-03-01', to: '2026-03-05' }
  const { data: ofDays } = await own.ok('list_orders', { search: 'pan', ...days })
  expect([rowsOf(ofDays).map(({ order }) => order), ofDays.matching.orders]).toEqual([['PAN-4', '3', '1'], 3])
  const { data: sold } = await own.ok('list_orders', { product: 'BREAD', ...days })
  expect(rowsOf(sold).map(({ order }) => order)).toEqual(['3', '1'])
  expect(sold.matching.orders).toBe(2)
})

describe('of more orders than may be read one by one', () => {
  let own: Till
  const ofMany = { from: '2026-03-01', to: '2026-03-09' }
  const withMany = (column: 'sales_daily' | 'sales_monthly', orders: number) =>
    own.service.db.asOwner(`update ${column} set orders = $2 where business_id = $1`, [own.shop.id, orders])

  beforeAll(async () => {
    own = await startTill()
    const { asOwner, till: db } = own.service.db
    const tea = await own.product('TEA', { price: '10' })
    const lines = [{ ...tea, quantity: '1', unitPrice: '10' }]
    for (const number of ['A-1', 'A-2', 'B-1'])
      await makeOrder(db, own.shop, { number, at: '2026-03-09T18:00:00Z', lines })
    await asOwner(
      `insert into customer (business_id, code, name) values ($1, 'C-1', 'Ana'), ($1, 'C-2', 'Mostrador')`,
      [own.shop.id],
    )
    await asOwner(`insert into employee (business_id, number, name, user_id) values ($1, '7', 'Carlos Ruiz', $2)`, [
      own.shop.id,
      (await asOwner<{ id: string }>(`select id from app_user where firebase_uid = 'carlos'`))[0]?.id,
    ])
    const ownerOf = (table: string, name: string) =>
      `(select id from ${table} where business_id = $1 and name = '${name}')`
    await asOwner(
      `update orders set customer_id = ${ownerOf('customer', 'Ana')}, sold_by = ${ownerOf('employee', 'Carlos Ruiz')}
       where business_id = $1 and order_number = 'A-1'`,
      [own.shop.id],
    )
  })
  afterAll(() => own?.service.close())

  const numbers = async (args: Record<string, unknown>, token = own.owner) => {
    const { data } = await own.ok('list_orders', args, { token })
    return [rowsOf(data).map(({ order }) => order), data.matching.orders]
  }

  it('a list adds up none, and says what to ask', async () => {
    await withMany('sales_daily', 60_000)
    const { data, text } = await own.ok('list_orders', { from: '2026-03-09', to: '2026-03-10', limit: 2 })
    expect(data.matching).toBeUndefined()
    expect(data.orders).toHaveLength(2)
    expect(text).toContain(
      'Not counted or added up, opened 2026-03-09 to 2026-03-10 so far (12:00): more than 50,000 orders or lines to read. ' +
        'Give a shorter window, or ask get_sales_report.',
    )
    // The product has few lines, so that few orders are to be read.
    const { data: ofProduct } = await own.ok('list_orders', { from: '2026-03-09', to: '2026-03-10', product: 'TEA' })
    expect(ofProduct.matching.orders).toBe(3)
  })

  it.each(['a-', '-1', 'ñ', '1', '.'])(
    'a text without three letters or digits in a row is refused: %s',
    async (search) => {
      await withMany('sales_daily', 60_000)
      await withMany('sales_monthly', 60_000)
      for (const days of [{}, ofMany]) {
        for (const more of [{}, { product: 'TEA' }, { minTotal: '1' }, { refunded: false }, { clientId: 'none' }]) {
          expect(await own.fails('list_orders', { search, ...days, ...more })).toBe(
            'invalid_argument: search: more than 50,000 orders would have to be read for it. ' +
              'Give at least three letters or digits in a row, or a shorter window; get_order takes a whole number.',
          )
        }
      }
      expect(await own.fails('export_data', { what: 'list_orders', arguments: { search } })).toContain(
        'search: more than',
      )
    },
  )

  it('such a text is looked for in windows that have fewer', async () => {
    await withMany('sales_daily', 50_000)
    await withMany('sales_monthly', 60_000)
    expect(await numbers({ search: 'a-', ...ofMany, sort: 'oldest' })).toEqual([
      expect.arrayContaining(['A-1', 'A-2']),
      2,
    ])
    expect(await numbers({ search: 'te', ...ofMany })).toEqual([expect.arrayContaining(['B-1']), 3])
    expect(await own.fails('list_orders', { search: 'a-' })).toContain('search: more than')
  })

  it('such a text is looked for among those of one who has fewer, whatever the window has', async () => {
    await withMany('sales_daily', 60_000)
    await withMany('sales_monthly', 60_000)
    for (const days of [{}, ofMany]) {
      expect(await numbers({ search: '-1', clientId: 'Ana', ...days })).toEqual([['A-1'], 1])
      expect(await numbers({ search: '-1', employee: 'Carlos', ...days })).toEqual([['A-1'], 1])
      expect(await numbers({ search: '-1', ...days }, own.cashier)).toEqual([['A-1'], 1])
      expect(await numbers({ search: '-1', status: 'cancelled', ...days })).toEqual([[], 0])
    }
    const { asOwner } = own.service.db
    await asOwner(`begin; set local session_replication_role = replica;
      insert into orders (business_id, location_id, customer_id, order_number, status, opened_at)
        select c.business_id, '${own.shop.locations[0]}', c.id, 'M-' || n, 'open', '2026-03-09T18:00:00Z'
        from customer c cross join generate_series(1, 50001) n where c.business_id = '${own.shop.id}' and c.name = 'Mostrador';
      commit`)
    expect(await own.fails('list_orders', { search: 'zz', clientId: 'Mostrador' })).toContain('search: more than')
    expect(await own.fails('list_orders', { search: 'zz', status: 'open' })).toContain('search: more than')
  })
})
