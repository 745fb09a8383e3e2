import { type Kysely, sql } from 'kysely'

// Sales of the last days are still coming in, and concurrently: they are not summed yet, but read from product_daily.
const TODAY = sql.raw("(clock_timestamp() at time zone 'UTC')::date")
const SETTLED = 3

/**
 * What stock needs to know of sales: `stock_velocity` has the sums of the 30 and 90 days that end with the day
 * `through` of its location; a reader adds the days that have passed since, and takes out those that have left
 * (`velocity_changes`). The first sale of a product on a new day moves `through` forward; a change of an older day, by
 * an import or a cancellation, changes the sums with it. Also, since when there has been stock at a location.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`alter table inventory add column first_moved_at timestamptz`.execute(db)
  await sql`comment on column inventory.first_moved_at is 'time of the first movement in its ledger'`.execute(db)
  await sql`
    create or replace function inventory_follows_movements() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
      insert into inventory as stock (business_id, location_id, variant_id, on_hand, first_moved_at)
      select business_id, location_id, variant_id, sum(quantity), min(created_at) from added
      group by business_id, location_id, variant_id
      order by business_id, location_id, variant_id
      on conflict (business_id, location_id, variant_id)
      do update set on_hand = stock.on_hand + excluded.on_hand, updated_at = now(),
        first_moved_at = least(stock.first_moved_at, excluded.first_moved_at);
      return null;
    end $$`.execute(db)

  // No foreign keys: only triggers write these, from rows that have been checked.
  await sql`
    create table stock_velocity (
      business_id uuid not null,
      location_id uuid not null,
      variant_id uuid not null,
      units numeric(18,3) not null default 0,
      net_sales numeric(24,4) not null default 0,
      sold numeric(18,3) not null default 0,
      primary key (business_id, location_id, variant_id)
    )`.execute(db)
  await sql`comment on column stock_velocity.units is 'sold less returned in the 30 days until through'`.execute(db)
  await sql`comment on column stock_velocity.net_sales is 'of the 30 days'`.execute(db)
  await sql`comment on column stock_velocity.sold is 'in the 90 days until through'`.execute(db)
  await sql`
    create table stock_velocity_day (
      business_id uuid not null,
      location_id uuid not null,
      through date,
      primary key (business_id, location_id)
    )`.execute(db)
  await sql`comment on column stock_velocity_day.through is 'null: not summed yet'`.execute(db)

  await sql`
    create function velocity_changes(business uuid, location uuid, before date, after date)
    returns table (variant_id uuid, units numeric, net_sales numeric, sold numeric)
    language sql stable
    as $$
      select r.variant_id,
        sum(case d.in_30 when 1 then r.units_sold - r.units_returned when -1 then r.units_returned - r.units_sold else 0 end),
        sum(case d.in_30 when 1 then r.net_sales when -1 then -r.net_sales else 0 end),
        sum(case d.in_90 when 1 then r.units_sold when -1 then -r.units_sold else 0 end)
      from (
        select day::date as day,
          (day > after - 30 and day <= after)::integer - coalesce(day > before - 30 and day <= before, false)::integer as in_30,
          (day > after - 90 and day <= after)::integer - coalesce(day > before - 90 and day <= before, false)::integer as in_90
        from generate_series(least(before, after) - 89::integer, greatest(before, after), interval '1 day') day
      ) d
      -- One index scan for each day: a join of any other kind would read the whole table.
      cross join lateral (
        select * from product_daily r
        where r.business_id = business and r.basis = 'location' and r.day = d.day and r.location_id = location offset 0
      ) r
      where d.in_30 <> 0 or d.in_90 <> 0
      group by r.variant_id
    $$`.execute(db)

  // A sale never waits for another one here: while an import holds the row, the next sale moves the day.
  await sql`
    create function move_stock_velocity() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare
      target date := ${TODAY} - ${sql.lit(SETTLED)}::integer;
      before date;
    begin
      if exists (
        select from stock_velocity_day d
        where d.business_id = new.business_id and d.location_id = new.location_id and d.through = target
      ) then
        return null;
      end if;
      select d.through into before from stock_velocity_day d
      where d.business_id = new.business_id and d.location_id = new.location_id
      for update skip locked;
      if not found or before = target then return null; end if;
      if before is null or before > target or before < target - 30 then
        before := null;
        delete from stock_velocity v where v.business_id = new.business_id and v.location_id = new.location_id;
      end if;
      insert into stock_velocity as kept (business_id, location_id, variant_id, units, net_sales, sold)
      select new.business_id, new.location_id, c.variant_id, c.units, c.net_sales, c.sold
      from velocity_changes(new.business_id, new.location_id, before, target) c
      order by c.variant_id
      on conflict (business_id, location_id, variant_id) do update set units = kept.units + excluded.units,
        net_sales = kept.net_sales + excluded.net_sales, sold = kept.sold + excluded.sold;
      delete from stock_velocity v
      where v.business_id = new.business_id and v.location_id = new.location_id
        and v.units = 0 and v.net_sales = 0 and v.sold = 0;
      update stock_velocity_day d set through = target
      where d.business_id = new.business_id and d.location_id = new.location_id;
      return null;
    end $$`.execute(db)
  await sql`
    create function correct_stock_velocity() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare
      until date;
      units numeric := new.units_sold - new.units_returned;
      net_sales numeric := new.net_sales;
      sold numeric := new.units_sold;
    begin
      select d.through into until from stock_velocity_day d
      where d.business_id = new.business_id and d.location_id = new.location_id for update;
      if until is null or new.day > until or new.day <= until - 90 then return null; end if;
      if tg_op = 'UPDATE' then
        units := units - (old.units_sold - old.units_returned);
        net_sales := net_sales - old.net_sales;
        sold := sold - old.units_sold;
      end if;
      if new.day <= until - 30 then
        units := 0;
        net_sales := 0;
      end if;
      insert into stock_velocity as kept (business_id, location_id, variant_id, units, net_sales, sold)
      values (new.business_id, new.location_id, new.variant_id, units, net_sales, sold)
      on conflict (business_id, location_id, variant_id) do update set units = kept.units + excluded.units,
        net_sales = kept.net_sales + excluded.net_sales, sold = kept.sold + excluded.sold;
      return null;
    end $$`.execute(db)
  // Sums are deleted only to be built again.
  await sql`
    create function forget_stock_velocity() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
      update stock_velocity_day d set through = null where d.business_id = app_business_id();
      delete from stock_velocity v where v.business_id = app_business_id();
      return null;
    end $$`.execute(db)
  await sql`
    create function location_has_stock_velocity() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ declare was text := coalesce(current_setting('app.business_id', true), '');
    begin
      -- The owner, for whom this runs, may be bound by row security, and whoever made the location need not be.
      perform set_config('app.business_id', new.business_id::text, true);
      insert into stock_velocity_day (business_id, location_id) values (new.business_id, new.id);
      perform set_config('app.business_id', was, true);
      return null;
    end $$`.execute(db)

  for (const event of ['insert', 'update']) {
    const name = sql.ref(`stock_velocity_corrected_${event}`)
    await sql`
      create trigger ${name} after ${sql.raw(event)} on product_daily for each row
      when (new.basis = 'location' and new.day < ${TODAY} - 1) execute function correct_stock_velocity()`.execute(db)
    await sql`alter table product_daily enable always trigger ${name}`.execute(db)
  }
  await sql`
    create trigger stock_velocity_moved after insert on product_daily for each row
    when (new.basis = 'location' and new.day >= ${TODAY} - 2) execute function move_stock_velocity()`.execute(db)
  await sql`
    create trigger stock_velocity_forgotten before delete on product_daily
    for each statement execute function forget_stock_velocity()`.execute(db)
  // Also where other triggers rest, as while the demo's history is written.
  await sql`alter table product_daily enable always trigger stock_velocity_moved`.execute(db)
  await sql`alter table product_daily enable always trigger stock_velocity_forgotten`.execute(db)
  await sql`
    create trigger location_has_stock_velocity after insert on location
    for each row execute function location_has_stock_velocity()`.execute(db)
  await sql`alter table location enable always trigger location_has_stock_velocity`.execute(db)

  // The owner of the schema may be bound by row security, too.
  for (const table of ['inventory', 'inventory_movement', 'location']) {
    await sql`alter table ${sql.table(table)} no force row level security`.execute(db)
  }
  await sql`
    update inventory i set first_moved_at = m.first_at
    from (
      select business_id, location_id, variant_id, min(created_at) as first_at from inventory_movement
      group by business_id, location_id, variant_id
    ) m
    where m.business_id = i.business_id and m.location_id = i.location_id and m.variant_id = i.variant_id`.execute(db)
  await sql`insert into stock_velocity_day (business_id, location_id) select business_id, id from location`.execute(db)
  for (const table of ['inventory', 'inventory_movement', 'location']) {
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
  }
  for (const table of ['stock_velocity', 'stock_velocity_day']) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(table)} using (business_id = (select app_business_id()))`.execute(db)
    await sql`grant select on ${sql.table(table)} to flowpos_service`.execute(db)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop trigger location_has_stock_velocity on location`.execute(db)
  for (const name of ['corrected_insert', 'corrected_update', 'moved', 'forgotten']) {
    await sql`drop trigger ${sql.ref(`stock_velocity_${name}`)} on product_daily`.execute(db)
  }
  await sql`
    drop function location_has_stock_velocity(), forget_stock_velocity(), correct_stock_velocity(),
      move_stock_velocity(), velocity_changes(uuid, uuid, date, date)`.execute(db)
  await sql`drop table stock_velocity_day, stock_velocity`.execute(db)
  await sql`
    create or replace function inventory_follows_movements() returns trigger
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
  await sql`alter table inventory drop column first_moved_at`.execute(db)
}
