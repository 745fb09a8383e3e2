import { type Kysely, sql } from 'kysely'

const TODAY = sql.raw("(clock_timestamp() at time zone 'UTC')::date")
// Where a row of the stock at a place is copied from, and whether a copy is out of date.
const COPIED = sql.raw('(i.is_on_sale, i.cost, i.supplier_id)')
const ORIGINAL = sql.raw('(v.is_active and p.is_active, v.cost, p.supplier_id)')
const PRODUCT = sql.raw(`product_variant v
      join product p on p.business_id = v.business_id and p.id = v.product_id`)

/**
 * What judges all stock in one pass: each row of `inventory` says what its product says of it (whether it is on sale, at
 * what cost, from whom), its value, and its quantities as integers, because decimals take several times as long. The
 * sums of sales end with yesterday instead of three days ago, so that mostly nothing is left to add to them.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    alter table inventory
      add column is_on_sale boolean not null default false,
      add column cost numeric(20,4),
      add column supplier_id uuid,
      add column value numeric generated always as (case when on_hand > 0 then on_hand * cost end) stored,
      add column on_hand_milli bigint not null generated always as (on_hand * 1000) stored,
      add column free_milli bigint not null generated always as ((on_hand - coalesce(safety_stock, 0)) * 1000) stored,
      add column low_milli bigint generated always as (case when on_hand <= reorder_point
        then greatest(reorder_quantity, reorder_point - on_hand, 1) * 1000 end) stored`.execute(db)
  await sql`alter table stock_velocity
    add column units_milli bigint not null generated always as (units * 1000) stored`.execute(db)
  const comments = {
    'inventory.is_on_sale': 'whether variant and product are active; a copy, as cost and supplier_id are',
    'inventory.value': 'at cost; null without stock or cost',
    'inventory.on_hand_milli': 'in thousandths, as integers are compared and added several times faster',
    'inventory.free_milli': 'on hand less the safety stock',
    'inventory.low_milli': 'the least to get at or below the reorder point; null above it',
  }
  for (const [column, comment] of Object.entries(comments)) {
    await sql`comment on column ${sql.ref(column)} is ${sql.lit(comment)}`.execute(db)
  }

  // Whoever changes a product and whoever changes its variant both lock the stock before they read the other one's row,
  // so that the later one sees both changes.
  await sql`
    create function copy_products_to_stock(business uuid, products uuid[], variants uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare was text := coalesce(current_setting('app.business_id', true), '');
    begin
      -- The owner, for whom this runs, may be bound by row security, and whoever changes a product need not be.
      perform set_config('app.business_id', business::text, true);
      variants := variants || array(
        select v.id from product_variant v where v.business_id = business and v.product_id = any (products));
      -- In the order in which sales lock them.
      perform from inventory i where i.business_id = business and i.variant_id = any (variants)
      order by i.location_id, i.variant_id for no key update;
      update inventory i set is_on_sale = v.is_active and p.is_active, cost = v.cost, supplier_id = p.supplier_id
      from ${PRODUCT}
      where i.business_id = business and i.variant_id = any (variants)
        and v.business_id = business and v.id = i.variant_id and ${COPIED} is distinct from ${ORIGINAL};
      perform set_config('app.business_id', was, true);
    end $$`.execute(db)
  await sql`revoke execute on function copy_products_to_stock(uuid, uuid[], uuid[]) from public`.execute(db)
  await sql`
    create function stock_follows_products() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare changed record;
    begin
      if tg_table_name = 'product' then
        for changed in
          select a.business_id, array_agg(a.id) as ids
          from before b
          join after a on a.business_id = b.business_id and a.id = b.id
          where (a.is_active, a.supplier_id) is distinct from (b.is_active, b.supplier_id)
          group by a.business_id order by a.business_id
        loop
          perform copy_products_to_stock(changed.business_id, changed.ids, '{}');
        end loop;
      else
        for changed in
          select a.business_id, array_agg(a.id) as ids
          from before b
          join after a on a.business_id = b.business_id and a.id = b.id
          where (a.is_active, a.cost, a.product_id) is distinct from (b.is_active, b.cost, b.product_id)
          group by a.business_id order by a.business_id
        loop
          perform copy_products_to_stock(changed.business_id, '{}', changed.ids);
        end loop;
      end if;
      return null;
    end $$`.execute(db)
  // After the insert, because before it a trigger would also run for each sale, which finds its row there. The product
  // is locked, so that who changes it meanwhile waits, and then finds the new row.
  await sql`
    create function stock_begins_with_product() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare was text := coalesce(current_setting('app.business_id', true), '');
    begin
      perform set_config('app.business_id', new.business_id::text, true);
      perform from product_variant v where v.business_id = new.business_id and v.id = new.variant_id for share;
      perform from product p
      where p.business_id = new.business_id
        and p.id = (select v.product_id from product_variant v where v.business_id = new.business_id and v.id = new.variant_id)
      for share;
      update inventory i set is_on_sale = v.is_active and p.is_active, cost = v.cost, supplier_id = p.supplier_id
      from ${PRODUCT}
      where i.business_id = new.business_id and i.location_id = new.location_id and i.variant_id = new.variant_id
        and v.business_id = new.business_id and v.id = new.variant_id;
      perform set_config('app.business_id', was, true);
      return null;
    end $$`.execute(db)
  await sql`
    create trigger stock_begins_with_product after insert on inventory
    for each row execute function stock_begins_with_product()`.execute(db)
  for (const table of ['product', 'product_variant']) {
    await sql`
      create trigger stock_follows_products after update on ${sql.table(table)}
      referencing old table as before new table as after
      for each statement execute function stock_follows_products()`.execute(db)
    await sql`alter table ${sql.table(table)} enable always trigger stock_follows_products`.execute(db)
  }
  // Also where other triggers rest, as while the demo's history is written.
  await sql`alter table inventory enable always trigger stock_begins_with_product`.execute(db)

  await replaceVelocityTriggers(db)
  await checkStock(db)

  await asOwner(
    db,
    ['inventory', 'product', 'product_variant'],
    sql`
    update inventory i set is_on_sale = v.is_active and p.is_active, cost = v.cost, supplier_id = p.supplier_id
    from ${PRODUCT} where v.business_id = i.business_id and v.id = i.variant_id`,
  )
}

/**
 * A sale holds the shared lock of its day, and whoever moves the sums over a day needs the exclusive one: so no sale is
 * missed that began before midnight and ends later. It is only tried for, so that no sale waits: the next one moves them.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function replaceVelocityTriggers(db: Kysely<any>): Promise<void> {
  for (const name of ['corrected_insert', 'corrected_update', 'moved']) {
    await sql`drop trigger ${sql.ref(`stock_velocity_${name}`)} on product_daily`.execute(db)
  }
  await sql`drop function move_stock_velocity(), correct_stock_velocity()`.execute(db)
  await sql`
    create function velocity_lock(location uuid, day date) returns bigint language sql stable
    as $$ select hashtextextended(location::text, day - date '2000-01-01') $$`.execute(db)
  await sql`
    create function move_stock_velocity(business uuid, location uuid, target date) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare before date;
    begin
      select d.through into before from stock_velocity_day d
      where d.business_id = business and d.location_id = location
      for update skip locked;
      if not found or before = target then return; end if;
      if before > target or before < target - 30 then before := null; end if;
      if exists (
        select from generate_series(coalesce(before, target - 90) + 1, target, interval '1 day') day
        where not pg_try_advisory_xact_lock(velocity_lock(location, day::date))
      ) then
        return;
      end if;
      if before is null then
        delete from stock_velocity v where v.business_id = business and v.location_id = location;
      end if;
      insert into stock_velocity as kept (business_id, location_id, variant_id, units, net_sales, sold)
      select business, location, c.variant_id, c.units, c.net_sales, c.sold
      from velocity_changes(business, location, before, target) c
      order by c.variant_id
      on conflict (business_id, location_id, variant_id) do update set units = kept.units + excluded.units,
        net_sales = kept.net_sales + excluded.net_sales, sold = kept.sold + excluded.sold;
      delete from stock_velocity v
      where v.business_id = business and v.location_id = location and v.units = 0 and v.net_sales = 0 and v.sold = 0;
      update stock_velocity_day d set through = target where d.business_id = business and d.location_id = location;
    end $$`.execute(db)
  await sql`revoke execute on function move_stock_velocity(uuid, uuid, date) from public`.execute(db)
  // A statement writes its days in order, so that those up to the new end are there before a later one moves the sums.
  await sql`
    create function keep_stock_velocity() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare
      until date;
      yesterday date;
      units numeric;
      net_sales numeric;
      sold numeric;
    begin
      if new.day >= ${TODAY} - 1 then
        perform pg_advisory_xact_lock_shared(velocity_lock(new.location_id, new.day));
        if tg_op = 'INSERT' then
          select d.through, (clock_timestamp() at time zone l.timezone)::date - 1 into until, yesterday
          from stock_velocity_day d
          join location l on l.business_id = d.business_id and l.id = d.location_id
          where d.business_id = new.business_id and d.location_id = new.location_id;
          if until is distinct from yesterday and new.day > yesterday then
            perform move_stock_velocity(new.business_id, new.location_id, yesterday);
            return null;
          end if;
        else
          select d.through into until from stock_velocity_day d
          where d.business_id = new.business_id and d.location_id = new.location_id;
        end if;
        if until is null or new.day > until then return null; end if;
      end if;
      select d.through into until from stock_velocity_day d
      where d.business_id = new.business_id and d.location_id = new.location_id for update;
      if until is null or new.day > until or new.day <= until - 90 then return null; end if;
      units := new.units_sold - new.units_returned;
      net_sales := new.net_sales;
      sold := new.units_sold;
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
  await sql`
    create trigger stock_velocity_kept after insert or update on product_daily for each row
    when (new.basis = 'location') execute function keep_stock_velocity()`.execute(db)
  await sql`alter table product_daily enable always trigger stock_velocity_kept`.execute(db)
}

/** What `npm run rollups` checks and makes anew of the stock. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function checkStock(db: Kysely<any>): Promise<void> {
  // Both run with the owner's rights, so they must repeat the check of row-level security themselves.
  const onlyItsOwn = sql.raw(`if target is distinct from app_business_id() then
        raise exception 'set app.business_id to the business whose sums are meant';
      end if;`)
  await sql`
    create function check_stock(target uuid)
    returns table (rollup text, location_id uuid, basis text, day date, kept numeric, raw numeric)
    language plpgsql stable security definer set search_path = public, pg_temp
    as $$
    #variable_conflict use_column
    begin
      ${onlyItsOwn}
      return query
      select 'inventory', i.location_id, null::text, null::date, i.cost, v.cost
      from inventory i
      join ${PRODUCT} on v.business_id = i.business_id and v.id = i.variant_id
      where i.business_id = target and ${COPIED} is distinct from ${ORIGINAL}
      union all
      select 'stock_velocity', d.location_id, 'location', d.through, sum(s.net_sales) filter (where is_kept),
        sum(s.net_sales) filter (where not is_kept)
      from stock_velocity_day d
      cross join lateral (
        select true as is_kept, variant_id, units, net_sales, sold from stock_velocity k
        where k.business_id = target and k.location_id = d.location_id
        union all
        select false, variant_id, units, net_sales, sold from velocity_changes(target, d.location_id, null, d.through)
        where d.through is not null
      ) s
      where d.business_id = target
      group by d.location_id, d.through, s.variant_id
      having (coalesce(sum(units) filter (where is_kept), 0), coalesce(sum(net_sales) filter (where is_kept), 0),
          coalesce(sum(sold) filter (where is_kept), 0))
        is distinct from (coalesce(sum(units) filter (where not is_kept), 0),
          coalesce(sum(net_sales) filter (where not is_kept), 0), coalesce(sum(sold) filter (where not is_kept), 0));
    end $$`.execute(db)
  await sql`
    create function rebuild_stock(target uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    begin
      ${onlyItsOwn}
      perform copy_products_to_stock(target, '{}', array(select v.id from product_variant v where v.business_id = target));
    end $$`.execute(db)
  await sql`revoke execute on function check_stock(uuid), rebuild_stock(uuid) from public`.execute(db)
  await sql`grant execute on function check_stock(uuid), rebuild_stock(uuid) to flowpos_commands`.execute(db)
}

/** The owner of the schema may be bound by row security, too. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function asOwner(db: Kysely<any>, tables: readonly string[], ...statements: ReturnType<typeof sql>[]) {
  for (const table of tables) await sql`alter table ${sql.table(table)} no force row level security`.execute(db)
  for (const statement of statements) await statement.execute(db)
  for (const table of tables) await sql`alter table ${sql.table(table)} force row level security`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop function check_stock(uuid), rebuild_stock(uuid)`.execute(db)
  await sql`drop trigger stock_velocity_kept on product_daily`.execute(db)
  await sql`
    drop function keep_stock_velocity(), move_stock_velocity(uuid, uuid, date), velocity_lock(uuid, date)`.execute(db)
  await sql`
    create function move_stock_velocity() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare
      target date := ${TODAY} - 3;
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
  await sql`alter table product_daily enable always trigger stock_velocity_moved`.execute(db)
  // These sums end earlier: the next sale makes them anew.
  await asOwner(
    db,
    ['stock_velocity', 'stock_velocity_day'],
    sql`update stock_velocity_day set through = null`,
    sql`delete from stock_velocity`,
  )
  await sql`drop trigger stock_begins_with_product on inventory`.execute(db)
  for (const table of ['product', 'product_variant']) {
    await sql`drop trigger stock_follows_products on ${sql.table(table)}`.execute(db)
  }
  await sql`
    drop function stock_begins_with_product(), stock_follows_products(), copy_products_to_stock(uuid, uuid[], uuid[])`.execute(
    db,
  )
  await sql`alter table stock_velocity drop column units_milli`.execute(db)
  await sql`
    alter table inventory drop column low_milli, drop column free_milli, drop column on_hand_milli, drop column value,
      drop column supplier_id, drop column cost, drop column is_on_sale`.execute(db)
}
