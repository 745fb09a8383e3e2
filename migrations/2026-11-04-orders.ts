import { type Kysely, sql } from 'kysely'

const TABLES = ['orders', 'order_item', 'order_payment', 'order_refund', 'order_refund_line']

/**
 * Orders, their lines, payments and refunds. Composite foreign keys keep every row inside its business. Amounts of a
 * line are without tax. The totals of an order or a refund are the sums of its lines; triggers keep them (see the
 * rollups), and the service never writes them.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table orders (
      business_id uuid not null,
      id uuid not null default gen_random_uuid(),
      order_number text not null check (order_number <> ''),
      location_id uuid not null,
      customer_id uuid,
      status text not null default 'open' check (status in ('open', 'completed', 'cancelled')),
      order_type text not null default 'retail',
      opened_at timestamptz not null default now(),
      completed_at timestamptz,
      cancelled_at timestamptz,
      cancel_reason text,
      note text,
      created_by text,
      tips numeric(20,4) not null default 0 check (tips >= 0),
      gross_sales numeric(20,4) not null default 0,
      discounts numeric(20,4) not null default 0,
      returns numeric(20,4) not null default 0,
      tax numeric(20,4) not null default 0,
      cost numeric(20,4) not null default 0,
      units_sold numeric(14,3) not null default 0,
      units_returned numeric(14,3) not null default 0,
      sale_lines integer not null default 0,
      return_lines integer not null default 0,
      net_sales numeric(20,4) not null generated always as (gross_sales - discounts - returns) stored,
      total numeric(20,4) not null generated always as (gross_sales - discounts - returns + tax + tips) stored,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (business_id, id),
      unique (business_id, order_number),
      foreign key (business_id, location_id) references location (business_id, id),
      foreign key (business_id, customer_id) references customer (business_id, id),
      check (status <> 'completed' or completed_at is not null),
      check (status <> 'cancelled' or cancelled_at is not null)
    )`.execute(db)
  await sql`create index orders_by_opening on orders (business_id, opened_at desc, id desc)`.execute(db)
  await sql`
    create index orders_by_completion on orders (business_id, completed_at, id) where status = 'completed'
  `.execute(db)
  await sql`create index orders_by_customer on orders (business_id, customer_id, opened_at desc)`.execute(db)
  await sql`
    create index orders_by_customer_completion on orders (business_id, customer_id, completed_at)
    where status = 'completed' and customer_id is not null`.execute(db)

  await sql`
    create table order_item (
      business_id uuid not null,
      order_id uuid not null,
      line_number integer not null check (line_number > 0),
      product_id uuid not null,
      variant_id uuid not null,
      name text not null,
      quantity numeric(14,3) not null check (quantity <> 0),
      unit_price numeric(20,4) not null check (unit_price >= 0),
      tax_rate numeric(9,6) not null default 0,
      tax_included boolean not null default false,
      gross_sales numeric(20,4) not null,
      discount numeric(20,4) not null default 0,
      tax numeric(20,4) not null default 0,
      net_sales numeric(20,4) not null generated always as (gross_sales - discount) stored,
      unit_cost numeric(20,4),
      primary key (business_id, order_id, line_number),
      foreign key (business_id, order_id) references orders (business_id, id),
      foreign key (business_id, product_id) references product (business_id, id),
      foreign key (business_id, variant_id) references product_variant (business_id, id)
    )`.execute(db)
  await sql`comment on column order_item.quantity is 'negative: a return without its sale'`.execute(db)
  await sql`comment on column order_item.unit_price is 'as on the price tag'`.execute(db)
  await sql`create index order_item_by_variant on order_item (business_id, variant_id, order_id)`.execute(db)

  await sql`
    create table order_payment (
      business_id uuid not null,
      order_id uuid not null,
      payment_number integer not null check (payment_number > 0),
      method text not null check (method <> ''),
      amount numeric(20,4) not null,
      reference text,
      paid_at timestamptz not null default now(),
      primary key (business_id, order_id, payment_number),
      foreign key (business_id, order_id) references orders (business_id, id)
    )`.execute(db)
  await sql`comment on column order_payment.amount is 'with tax and tip'`.execute(db)

  await sql`
    create table order_refund (
      business_id uuid not null,
      id uuid not null default gen_random_uuid(),
      order_id uuid not null,
      location_id uuid not null,
      refunded_at timestamptz not null default now(),
      reason text,
      method text not null,
      created_by text,
      tips numeric(20,4) not null default 0 check (tips >= 0),
      returns numeric(20,4) not null default 0,
      tax numeric(20,4) not null default 0,
      cost numeric(20,4) not null default 0,
      units_returned numeric(14,3) not null default 0,
      total numeric(20,4) not null generated always as (returns + tax + tips) stored,
      created_at timestamptz not null default now(),
      primary key (business_id, id),
      unique (business_id, id, order_id),
      foreign key (business_id, order_id) references orders (business_id, id),
      foreign key (business_id, location_id) references location (business_id, id)
    )`.execute(db)
  await sql`create index order_refund_by_order on order_refund (business_id, order_id)`.execute(db)
  await sql`create index order_refund_by_time on order_refund (business_id, refunded_at, id)`.execute(db)

  await sql`
    create table order_refund_line (
      business_id uuid not null,
      refund_id uuid not null,
      order_id uuid not null,
      line_number integer not null,
      product_id uuid not null,
      variant_id uuid not null,
      quantity numeric(14,3) not null default 0 check (quantity >= 0),
      returns numeric(20,4) not null check (returns >= 0),
      tax numeric(20,4) not null default 0 check (tax >= 0),
      unit_cost numeric(20,4),
      restocked boolean not null default false,
      primary key (business_id, refund_id, line_number),
      foreign key (business_id, refund_id, order_id) references order_refund (business_id, id, order_id),
      foreign key (business_id, order_id, line_number) references order_item (business_id, order_id, line_number),
      foreign key (business_id, product_id) references product (business_id, id),
      foreign key (business_id, variant_id) references product_variant (business_id, id)
    )`.execute(db)
  await sql`comment on column order_refund_line.quantity is '0: money back, goods kept'`.execute(db)

  for (const table of TABLES) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(table)} using (business_id = (select app_business_id()))`.execute(db)
    await sql`grant select on ${sql.table(table)} to flowpos_service`.execute(db)
  }
  await sql`
    grant insert (business_id, id, order_number, location_id, customer_id, status, order_type, opened_at, completed_at,
      cancelled_at, cancel_reason, note, created_by, tips, created_at),
    update (location_id, customer_id, status, order_type, completed_at, cancelled_at, cancel_reason, note, tips,
      updated_at)
    on orders to flowpos_service`.execute(db)
  await sql`grant insert, update, delete on order_item, order_payment to flowpos_service`.execute(db)
  await sql`
    grant insert (business_id, id, order_id, location_id, refunded_at, reason, method, created_by, tips, created_at)
    on order_refund to flowpos_service`.execute(db)
  await sql`grant insert on order_refund_line to flowpos_service`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const table of TABLES.toReversed()) await sql`drop table ${sql.table(table)}`.execute(db)
}
