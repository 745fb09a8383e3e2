import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { Inventory } from '../database/types.ts'
import { COST, Fields, PRICE, QUANTITY } from './fields.ts'
import { type ImportContext, type Kind, makeNamed, withoutLoops } from './kind.ts'
import { rejectRepeated } from './rejects.ts'
import { useOneSpelling } from './spelling.ts'

const MAX_DAYS = 9999
const LEVEL = { ...QUANTITY, min: 0 }
/** The stock settings of a product at a location. */
const SETTINGS = [
  'reorder_point',
  'reorder_quantity',
  'safety_stock',
  'lead_time_days',
] as const satisfies (keyof Inventory)[]

/** One row per product and location, found by its SKU; an empty value leaves the stored one unchanged. */
export const products: Kind = {
  name: 'products',
  columns: {
    required: ['sku', 'name'],
    optional: ['category', 'price', 'cost', 'on_hand', ...SETTINGS, 'supplier', 'location', 'active'],
  },
  numbers: { amounts: ['price', 'cost'], quantities: ['on_hand', ...SETTINGS] },
  dates: [],
  table: 'import_product',
  staged: {
    sku: 'text',
    name: 'text',
    category: 'text',
    price: 'numeric',
    cost: 'numeric',
    on_hand: 'numeric',
    reorder_point: 'numeric',
    reorder_quantity: 'numeric',
    safety_stock: 'numeric',
    lead_time_days: 'integer',
    supplier: 'text',
    location: 'text',
    active: 'boolean',
  },

  read(row, context) {
    const fields = new Fields(row, context.numbers)
    return {
      line: row.line,
      raw: row.raw,
      sku: fields.code('sku', { required: true }),
      name: fields.text('name', { required: true }),
      category: fields.text('category'),
      price: fields.decimal('price', PRICE),
      cost: fields.decimal('cost', COST),
      on_hand: fields.decimal('on_hand', QUANTITY),
      reorder_point: fields.decimal('reorder_point', LEVEL),
      reorder_quantity: fields.decimal('reorder_quantity', LEVEL),
      safety_stock: fields.decimal('safety_stock', LEVEL),
      lead_time_days: fields.integer('lead_time_days', MAX_DAYS),
      supplier: fields.text('supplier'),
      location: fields.text('location') ?? context.location,
      active: fields.flag('active'),
      reason: fields.faults.join('; ') || null,
    }
  },

  async check(db, { business }) {
    const known = sql`select sku from product_variant where business_id = ${business.id}::uuid`
    await useOneSpelling(db, 'import_product', 'sku', known)
    await rejectRepeated(db, 'import_product', 'sku, lower(location)', 'this sku (at this location)')
  },

  async write(db, context) {
    const { business, onWritten } = context
    const named = (column: string) => sql`select ${sql.ref(column)} from import_product`
    const madeOnTheWay = {
      locations: await makeNamed(db, 'location', business.id, named('location'), {
        timezone: business.timezone,
      }),
      categories: await makeNamed(db, 'category', business.id, named('category')),
      suppliers: await makeNamed(db, 'supplier', business.id, named('supplier')),
    }
    await withoutLoops(db, async () => {
      await findVariants(db, context)
      onWritten(1, 3)
      await writeCatalogue(db, context)
      onWritten(2, 3)
      await writeStock(db, context)
      onWritten(3, 3)
    })

    const { rows } = await sql<{ made: number; updated: number; unchanged: number }>`
      select (count(*) filter (where made))::integer as made,
        (count(*) filter (where not made and changed))::integer as updated,
        (count(*) filter (where not made and not changed))::integer as unchanged
      from import_variant`.execute(db)
    return { made: 0, updated: 0, unchanged: 0, ...rows[0], madeOnTheWay }
  },
}

/** Reduces the file to one row per SKU, with the first value if a product has a row per location. */
async function findVariants(db: Transaction, { business }: ImportContext): Promise<void> {
  const columns = ['name', 'category', 'supplier', 'price', 'cost', 'active']
  const first = sql.join(
    columns.map((column) => {
      const value = sql.ref(`row.${column}`)
      return sql`(array_agg(${value} order by row.line) filter (where ${value} is not null))[1] as ${sql.ref(column)}`
    }),
  )
  await sql`
    create temporary table import_variant on commit drop as
    select row.*, v.id is null as made, false as changed, coalesce(v.id, gen_random_uuid()) as variant_id,
      coalesce(v.product_id, gen_random_uuid()) as product_id, c.id as category_id, s.id as supplier_id
    from (select sku, ${first} from import_product row group by sku) row
    left join product_variant v on v.business_id = ${business.id}::uuid and v.sku = row.sku
    left join category c on c.business_id = ${business.id}::uuid and lower(c.name) = lower(row.category)
    left join supplier s on s.business_id = ${business.id}::uuid and lower(s.name) = lower(row.supplier)`.execute(db)
  await sql`create index on import_variant (variant_id)`.execute(db)
  await sql`analyze import_variant`.execute(db)
}

async function writeCatalogue(db: Transaction, { business }: ImportContext): Promise<void> {
  await sql`
    insert into product (business_id, id, name, category_id, supplier_id, is_active)
    select ${business.id}::uuid, product_id, name, category_id, supplier_id, coalesce(active, true)
    from import_variant where made`.execute(db)
  await sql`
    insert into product_variant (business_id, id, product_id, sku, price, cost, is_active)
    select ${business.id}::uuid, variant_id, product_id, sku, coalesce(price, 0), cost, coalesce(active, true)
    from import_variant where made order by sku`.execute(db)

  // If a product has several variants, a row describes one of them, and must not change the product's name and state.
  await sql`
    with wanted as (
      select p.id, row.variant_id, coalesce(row.category_id, p.category_id) as category_id,
        coalesce(row.supplier_id, p.supplier_id) as supplier_id,
        case when siblings.none then row.name else p.name end as name,
        case when siblings.none then coalesce(row.active, p.is_active) else p.is_active end as is_active
      from import_variant row
      join product p on p.business_id = ${business.id}::uuid and p.id = row.product_id
      cross join lateral (
        select not exists (
          select from product_variant v
          where v.business_id = p.business_id and v.product_id = p.id and v.id <> row.variant_id) as none
      ) siblings
      where not row.made
    ), updated as (
      update product p set (name, category_id, supplier_id, is_active, updated_at)
        = (w.name, w.category_id, w.supplier_id, w.is_active, now())
      from wanted w
      where p.business_id = ${business.id}::uuid and p.id = w.id
        and (p.name, p.category_id, p.supplier_id, p.is_active)
          is distinct from (w.name, w.category_id, w.supplier_id, w.is_active)
      returning w.variant_id)
    update import_variant row set changed = true from updated u where u.variant_id = row.variant_id`.execute(db)
  await sql`
    with updated as (
      update product_variant v set price = coalesce(row.price, v.price), cost = coalesce(row.cost, v.cost),
        is_active = coalesce(row.active, v.is_active), updated_at = now()
      from import_variant row
      where not row.made and v.business_id = ${business.id}::uuid and v.id = row.variant_id
        and (v.price, v.cost, v.is_active) is distinct from
          (coalesce(row.price, v.price), coalesce(row.cost, v.cost), coalesce(row.active, v.is_active))
      returning v.id)
    update import_variant row set changed = true from updated u where u.id = row.variant_id`.execute(db)
}

/** Writes reorder settings, and stock as a difference to what is on hand, because it changes by ledger only. */
async function writeStock(db: Transaction, { business }: ImportContext): Promise<void> {
  const settings = sql.join(SETTINGS.map((column) => sql.ref(column)))
  const kept = sql.join(SETTINGS.map((column) => sql.ref(`kept.${column}`)))
  const merged = sql.join(
    SETTINGS.map((column) => sql`coalesce(${sql.ref(`excluded.${column}`)}, ${sql.ref(`kept.${column}`)})`),
  )
  await sql`
    create temporary table import_stock on commit drop as
    select row.*, v.variant_id, l.id as location_id, false as known
    from import_product row
    join import_variant v on v.sku = row.sku
    join location l on l.business_id = ${business.id}::uuid and lower(l.name) = lower(row.location)
    where row.on_hand is not null or (${sql.join(
      SETTINGS.map((column) => sql`row.${sql.ref(column)} is not null`),
      sql` or `,
    )})`.execute(db)
  // Locks the rows until the difference is written, in key order, as the ledger's trigger does.
  await sql`
    with known as (
      select i.location_id, i.variant_id from inventory i
      join import_stock row on row.location_id = i.location_id and row.variant_id = i.variant_id
      where i.business_id = ${business.id}::uuid order by i.location_id, i.variant_id for no key update of i)
    update import_stock row set known = true from known k
    where k.location_id = row.location_id and k.variant_id = row.variant_id`.execute(db)
  await sql`
    with written as (
      insert into inventory as kept (business_id, location_id, variant_id, ${settings})
      select ${business.id}::uuid, location_id, variant_id, ${settings} from import_stock
      order by location_id, variant_id
      on conflict (business_id, location_id, variant_id) do update set (${settings}, updated_at) = (${merged}, now())
      where (${kept}) is distinct from (${merged})
      returning variant_id)
    update import_variant v set changed = true from written w where w.variant_id = v.variant_id`.execute(db)
  await sql`
    with written as (
      insert into inventory_movement (business_id, location_id, variant_id, quantity, reason, created_by)
      select i.business_id, i.location_id, i.variant_id, row.on_hand - i.on_hand,
        case when row.known then 'count' else 'opening' end, 'import'
      from import_stock row
      join inventory i on i.business_id = ${business.id}::uuid and i.location_id = row.location_id
        and i.variant_id = row.variant_id
      where row.on_hand <> i.on_hand
      returning variant_id)
    update import_variant v set changed = true from written w where w.variant_id = v.variant_id`.execute(db)
}
