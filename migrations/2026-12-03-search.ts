import { type Kysely, sql } from 'kysely'

/**
 * What people search by: the label of a variant, the tax id and phone of a client; a SKU or a name in any case. These
 * are columns rather than indexes on expressions, because row security keeps an index from being used for functions
 * and patterns: of a business's rows, an index finds what is equal, and a scan of what is left finds the rest.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // Trusted: the owner of the database may create it.
  await sql`create extension if not exists pg_trgm`.execute(db)
  await sql`
    alter table product_variant
      drop column search,
      add column search text not null
        generated always as (search_text(coalesce(label || ' ', '') || sku || ' ' || coalesce(barcode, ''))) stored,
      add column sku_key text not null generated always as (lower(sku)) stored`.execute(db)
  await sql`
    alter table customer
      drop column search,
      add column search text not null generated always as (search_text(name || ' ' || code || ' ' || coalesce(email, '')
        || ' ' || coalesce(tax_id, '') || ' ' || coalesce(phone, ''))) stored,
      add column code_key text not null generated always as (lower(code)) stored,
      add column name_key text not null generated always as (search_text(name)) stored,
      add column tax_key text generated always as (upper(regexp_replace(tax_id, '[^[:alnum:]]', '', 'g'))) stored,
      add column phone_key text generated always as (regexp_replace(phone, '\\D', '', 'g')) stored`.execute(db)
  await sql`create index product_variant_by_sku_key on product_variant (business_id, sku_key)`.execute(db)
  await sql`create index product_by_search on product (business_id, search)`.execute(db)
  await sql`create index customer_by_code_key on customer (business_id, code_key)`.execute(db)
  await sql`create index customer_by_name_key on customer (business_id, name_key)`.execute(db)
  await sql`create index customer_by_tax_key on customer (business_id, tax_key) where tax_key is not null`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop index customer_by_tax_key, customer_by_name_key, customer_by_code_key, product_by_search,
    product_variant_by_sku_key`.execute(db)
  await sql`
    alter table customer drop column phone_key, drop column tax_key, drop column name_key, drop column code_key,
      drop column search,
      add column search text
        generated always as (search_text(name || ' ' || code || ' ' || coalesce(email, ''))) stored`.execute(db)
  await sql`
    alter table product_variant drop column sku_key, drop column search,
      add column search text generated always as (search_text(sku || ' ' || coalesce(barcode, ''))) stored`.execute(db)
  await sql`drop extension pg_trgm`.execute(db)
}
