import { type Kysely, sql } from 'kysely'

const TABLES = ['category', 'supplier', 'customer', 'product', 'product_variant']

/**
 * What is sold, who supplies it and who buys it. Every key begins with `business_id`, so that no row can refer to
 * another tenant, and the schema can be sharded by business.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table category (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      name text not null check (name <> ''),
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      primary key (business_id, id)
    )`.execute(db)
  await sql`create unique index category_by_name on category (business_id, lower(name))`.execute(db)

  await sql`
    create table supplier (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      name text not null check (name <> ''),
      email text,
      phone text,
      tax_id text,
      lead_time_days integer check (lead_time_days >= 0),
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      primary key (business_id, id)
    )`.execute(db)
  await sql`create unique index supplier_by_name on supplier (business_id, lower(name))`.execute(db)

  await sql`
    create table customer (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      code text not null check (code <> ''),
      name text not null check (name <> ''),
      email text,
      phone text,
      tax_id text,
      city text,
      country text,
      note text,
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      search text generated always as (search_text(name || ' ' || code || ' ' || coalesce(email, ''))) stored,
      primary key (business_id, id),
      unique (business_id, code)
    )`.execute(db)

  await sql`
    create table product (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      name text not null check (name <> ''),
      description text,
      category_id uuid,
      supplier_id uuid,
      tax_rate numeric(9,6) check (tax_rate >= 0 and tax_rate < 1),
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      search text generated always as (search_text(name)) stored,
      primary key (business_id, id),
      foreign key (business_id, category_id) references category (business_id, id),
      foreign key (business_id, supplier_id) references supplier (business_id, id)
    )`.execute(db)
  await sql`comment on column product.tax_rate is 'null: the rate of the business'`.execute(db)
  await sql`create index product_by_name on product (business_id, name, id)`.execute(db)
  await sql`create index product_by_category on product (business_id, category_id)`.execute(db)

  // The variant is the sellable unit with its own SKU; a product without variants has exactly one.
  await sql`
    create table product_variant (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      product_id uuid not null,
      sku text not null check (sku <> ''),
      label text,
      barcode text,
      price numeric(20,4) not null check (price >= 0),
      cost numeric(20,4) check (cost >= 0),
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      search text generated always as (search_text(sku || ' ' || coalesce(barcode, ''))) stored,
      primary key (business_id, id),
      unique (business_id, sku),
      foreign key (business_id, product_id) references product (business_id, id)
    )`.execute(db)
  await sql`create index product_variant_by_product on product_variant (business_id, product_id)`.execute(db)

  for (const table of TABLES) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(table)} using (business_id = (select app_business_id()))`.execute(db)
    await sql`grant select, insert, update on ${sql.table(table)} to flowpos_service`.execute(db)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const table of TABLES.toReversed()) await sql`drop table ${sql.table(table)}`.execute(db)
}
