import { type Kysely, sql } from 'kysely'

/** What a receipt of goods cost, and from whom they came. Of entries before, neither is known. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    alter table inventory_movement
      add column unit_cost numeric(20,4) check (unit_cost >= 0),
      add column supplier_id uuid,
      add constraint inventory_movement_supplier_fkey
        foreign key (business_id, supplier_id) references supplier (business_id, id),
      add constraint inventory_movement_purchase_check
        check (reason = 'purchase' or (unit_cost is null and supplier_id is null))`.execute(db)
  await sql`comment on column inventory_movement.unit_cost is 'of a purchase, without tax; null: not known'`.execute(db)
  // Purchases are few beside sales: they are found and summed without reading these.
  await sql`
    create index inventory_movement_purchases on inventory_movement (business_id, created_at desc, id)
    where reason = 'purchase'`.execute(db)
  await sql`
    create index inventory_movement_by_supplier on inventory_movement (business_id, supplier_id, created_at desc, id)
    where supplier_id is not null`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  // The constraints and indexes go with their columns.
  await sql`drop index inventory_movement_purchases`.execute(db)
  await sql`alter table inventory_movement drop column unit_cost, drop column supplier_id`.execute(db)
}
