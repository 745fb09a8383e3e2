import { type Kysely, sql } from 'kysely'

/**
 * Stock and its ledger. Only the ledger's trigger writes `on_hand`: the service has no right to set it, so that stock
 * cannot drift from the sum of its movements.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table inventory (
      business_id uuid not null references business (id),
      location_id uuid not null,
      variant_id uuid not null,
      on_hand numeric(14,3) not null default 0,
      reorder_point numeric(14,3) check (reorder_point >= 0),
      reorder_quantity numeric(14,3) check (reorder_quantity >= 0),
      safety_stock numeric(14,3) check (safety_stock >= 0),
      lead_time_days integer check (lead_time_days >= 0),
      pack_size numeric(14,3) check (pack_size > 0),
      max_stock numeric(14,3) check (max_stock >= 0),
      updated_at timestamptz not null default now(),
      primary key (business_id, location_id, variant_id),
      foreign key (business_id, location_id) references location (business_id, id),
      foreign key (business_id, variant_id) references product_variant (business_id, id)
    )`.execute(db)
  await sql`create index inventory_by_variant on inventory (business_id, variant_id)`.execute(db)

  await sql`
    create table inventory_movement (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      location_id uuid not null,
      variant_id uuid not null,
      quantity numeric(14,3) not null check (quantity <> 0),
      reason text not null check (reason in (
        'opening', 'purchase', 'sale', 'return', 'adjustment', 'count', 'damage', 'transfer_in', 'transfer_out')),
      source_id uuid,
      note text,
      created_by text,
      created_at timestamptz not null default now(),
      primary key (business_id, id),
      foreign key (business_id, location_id) references location (business_id, id),
      foreign key (business_id, variant_id) references product_variant (business_id, id)
    )`.execute(db)
  await sql`comment on column inventory_movement.source_id is 'the order, refund or transfer behind it'`.execute(db)
  await sql`
    create index inventory_movement_by_variant on inventory_movement (business_id, variant_id, created_at desc, id)
  `.execute(db)
  await sql`
    create index inventory_movement_by_source on inventory_movement (business_id, source_id)
    where source_id is not null`.execute(db)
  await sql`create index inventory_movement_by_time on inventory_movement (business_id, created_at desc, id)`.execute(
    db,
  )

  await sql`
    create function append_only() returns trigger language plpgsql
    as $$ begin raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation'; end $$
  `.execute(db)
  await sql`
    create trigger append_only before update or delete on inventory_movement
    for each statement execute function append_only()`.execute(db)

  await sql`
    create function inventory_follows_movements() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
      insert into inventory as stock (business_id, location_id, variant_id, on_hand)
      select business_id, location_id, variant_id, sum(quantity) from added
      group by business_id, location_id, variant_id
      order by business_id, location_id, variant_id
      on conflict (business_id, location_id, variant_id)
      do update set on_hand = stock.on_hand + excluded.on_hand, updated_at = now();
      return null;
    end $$`.execute(db)
  await sql`
    create trigger inventory_follows_movements after insert on inventory_movement
    referencing new table as added for each statement execute function inventory_follows_movements()`.execute(db)

  for (const table of ['inventory', 'inventory_movement']) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(table)} using (business_id = (select app_business_id()))`.execute(db)
  }
  await sql`grant select, insert on inventory_movement to flowpos_service`.execute(db)
  await sql`grant select on inventory to flowpos_service`.execute(db)
  await sql`
    grant insert (business_id, location_id, variant_id, reorder_point, reorder_quantity, safety_stock,
      lead_time_days, pack_size, max_stock),
    update (reorder_point, reorder_quantity, safety_stock, lead_time_days, pack_size, max_stock, updated_at)
    on inventory to flowpos_service`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop table inventory_movement, inventory`.execute(db)
  await sql`drop function inventory_follows_movements(), append_only()`.execute(db)
}
