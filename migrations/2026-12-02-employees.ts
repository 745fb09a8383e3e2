import { type Kysely, sql } from 'kysely'

/** Who did something to an order or a refund, and when that was, for lists by employee. */
const BY_EMPLOYEE = [
  { table: 'orders', column: 'sold_by', at: 'opened_at' },
  { table: 'orders', column: 'discounted_by', at: 'opened_at' },
  { table: 'orders', column: 'cancelled_by', at: 'cancelled_at' },
  { table: 'order_refund', column: 'refunded_by', at: 'refunded_at' },
]

/**
 * The people who work in a shop, with or without a login of their own, and who of them sold, discounted, cancelled and
 * refunded an order. Imports tell of them; the service only refers to them.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table employee (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      number text not null check (number <> ''),
      name text not null check (name <> ''),
      location_id uuid,
      position text,
      is_active boolean not null default true,
      user_id uuid,
      created_at timestamptz not null default now(),
      primary key (business_id, id),
      unique (business_id, number),
      foreign key (business_id, location_id) references location (business_id, id),
      foreign key (business_id, user_id) references business_user (business_id, user_id)
    )`.execute(db)
  await sql`comment on column employee.location_id is 'null: works at several'`.execute(db)
  await sql`comment on column employee.user_id is 'null: has no login'`.execute(db)
  await sql`
    create unique index employee_by_user on employee (business_id, user_id) where user_id is not null`.execute(db)
  await sql`alter table employee enable row level security`.execute(db)
  await sql`alter table employee force row level security`.execute(db)
  await sql`create policy tenant on employee using (business_id = (select app_business_id()))`.execute(db)
  await sql`grant select on employee to flowpos_service`.execute(db)
  await sql`
    grant insert, update (name, location_id, position, is_active, user_id) on employee to flowpos_commands`.execute(db)

  for (const { table, column, at } of BY_EMPLOYEE) {
    await sql`
      alter table ${sql.table(table)} add column ${sql.ref(column)} uuid,
      add foreign key (business_id, ${sql.ref(column)}) references employee (business_id, id)`.execute(db)
    await sql`
      create index ${sql.ref(`${table}_${column}`)} on ${sql.table(table)} (business_id, ${sql.ref(column)},
        ${sql.ref(at)} desc) where ${sql.ref(column)} is not null`.execute(db)
  }
  await sql`comment on column orders.sold_by is 'null: not known'`.execute(db)
  await sql`
    grant insert (sold_by, discounted_by), update (cancelled_by) on orders to flowpos_service`.execute(db)
  await sql`grant insert (cancelled_by) on orders to flowpos_commands`.execute(db)
  await sql`grant insert (refunded_by) on order_refund to flowpos_service`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const { table, column } of BY_EMPLOYEE) {
    await sql`alter table ${sql.table(table)} drop column ${sql.ref(column)}`.execute(db)
  }
  await sql`drop table employee`.execute(db)
}
