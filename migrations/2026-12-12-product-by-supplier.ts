import { type Kysely, sql } from 'kysely'

/** Finds the products of a supplier, as those of a category are found. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`create index product_by_supplier on product (business_id, supplier_id)`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop index product_by_supplier`.execute(db)
}
