import { type Kysely, sql } from 'kysely'

/** A scanner asks for products by their barcode. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`create index product_variant_by_barcode on product_variant (business_id, barcode)
    where barcode is not null`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop index product_variant_by_barcode`.execute(db)
}
