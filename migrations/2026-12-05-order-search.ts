import { type Kysely, sql } from 'kysely'

/** What finds and sorts orders: by the end of their number, by total, by discount, by payment, and those not settled. */
const INDEXES = {
  orders_by_number_end: `orders (business_id, reverse(lower(order_number)) text_pattern_ops)`,
  orders_by_total: `orders (business_id, total, id)`,
  orders_by_discount: `orders (business_id, discounts, id) where discounts > 0`,
  orders_not_completed: `orders (business_id, status, opened_at desc, id desc) where status <> 'completed'`,
  order_payment_by_method: `order_payment (business_id, lower(method), order_id)`,
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  for (const [name, definition] of Object.entries(INDEXES)) {
    await sql`create index ${sql.ref(name)} on ${sql.raw(definition)}`.execute(db)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const name of Object.keys(INDEXES)) await sql`drop index ${sql.ref(name)}`.execute(db)
}
