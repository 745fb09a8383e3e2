import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-12-05-rollup-functions.sql', import.meta.url)
const FUNCTIONS_BEFORE = new URL('2026-12-02-rollup-functions.sql', import.meta.url)
const TRANSITION_TABLES = {
  insert: 'new table as added',
  update: 'old table as removed new table as added',
  delete: 'old table as removed',
}

/** A refund may go back by several methods, as its order was paid. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table order_refund_payment (
      business_id uuid not null,
      refund_id uuid not null,
      order_id uuid not null,
      method text not null check (method <> ''),
      amount numeric(20,4) not null check (amount > 0),
      primary key (business_id, refund_id, method),
      foreign key (business_id, refund_id, order_id) references order_refund (business_id, id, order_id)
    )`.execute(db)
  await sql`
    comment on table order_refund_payment is
    'what of a refund went back by other methods than order_refund.method, by which the rest went back'`.execute(db)
  await sql`create index order_refund_payment_by_order on order_refund_payment (business_id, order_id)`.execute(db)
  await sql`alter table order_refund_payment enable row level security`.execute(db)
  await sql`alter table order_refund_payment force row level security`.execute(db)
  await sql`
    create policy tenant on order_refund_payment using (business_id = (select app_business_id()))`.execute(db)
  await sql`grant select, insert on order_refund_payment to flowpos_service`.execute(db)

  await sql.raw(await readFile(FUNCTIONS, 'utf8')).execute(db)
  for (const [event, tables] of Object.entries(TRANSITION_TABLES)) {
    const name = sql.ref(`order_refund_payment_rollup_${event}`)
    await sql`
      create trigger ${name} after ${sql.raw(event)} on order_refund_payment
      referencing ${sql.raw(tables)}
      for each statement execute function ${name}()`.execute(db)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  // Each business takes its rows out itself, so that their money counts for the methods of their refunds again.
  await sql`alter table business no force row level security`.execute(db)
  await sql`
    do $$ declare
      target uuid;
      setting text := current_setting('app.business_id', true);
    begin
      for target in select id from business order by id loop
        perform set_config('app.business_id', target::text, true);
        delete from order_refund_payment where business_id = target;
      end loop;
      perform set_config('app.business_id', coalesce(setting, ''), true);
    end $$`.execute(db)
  await sql`alter table business force row level security`.execute(db)
  await sql`drop table order_refund_payment`.execute(db)
  for (const event of Object.keys(TRANSITION_TABLES)) {
    await sql`drop function ${sql.ref(`order_refund_payment_rollup_${event}`)}()`.execute(db)
  }
  await sql.raw(await readFile(FUNCTIONS_BEFORE, 'utf8')).execute(db)
}
