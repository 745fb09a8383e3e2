import { type Kysely, sql } from 'kysely'

/**
 * Businesses, their locations, the people who work there, and the basis of row-level security.
 *
 * The service connects as a member of `flowpos_service`, which owns nothing and cannot bypass row security. A
 * transaction sees what its own settings allow (`app.business_id`, `app.user_id`, …). While none of them is set, every
 * policy below compares with null, and no row is visible.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // Roles belong to the cluster, so another database may have created this one already.
  await sql`
    do $$ begin
      if not exists (select from pg_roles where rolname = 'flowpos_service') then
        create role flowpos_service nologin nobypassrls;
      end if;
    exception when duplicate_object or unique_violation then null;
    end $$`.execute(db)
  await sql`grant usage on schema public to flowpos_service`.execute(db)

  for (const [name, type] of Object.entries({
    business_id: 'uuid',
    user_id: 'uuid',
    firebase_uid: 'text',
    email: 'text',
    key_hash: 'bytea',
    operator: 'boolean',
  })) {
    await sql`
      create function ${sql.ref(`app_${name}`)}() returns ${sql.raw(type)}
      language sql stable parallel safe
      as ${sql.lit(`select nullif(current_setting('app.${name}', true), '')::${type}`)}`.execute(db)
  }

  // Search ignores accents and case: NFD turns an accent into a separate character, which is then dropped.
  await sql`
    create function search_text(value text) returns text
    language sql immutable parallel safe
    as $$ select lower(regexp_replace(normalize(value, NFD), '[\u0300-\u036f]', '', 'g')) $$`.execute(db)

  // A LIKE pattern that finds a text anywhere; wildcards in the text count as ordinary characters.
  await sql`
    create function search_pattern(value text) returns text
    language sql immutable parallel safe
    as $$ select '%' || regexp_replace(search_text(value), '([\\\\%_])', '\\\\\\1', 'g') || '%' $$`.execute(db)

  await sql`
    create table business (
      id uuid primary key default gen_random_uuid(),
      name text not null check (name <> ''),
      currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
      currency_digits smallint not null default 2 check (currency_digits between 0 and 4),
      timezone text not null,
      prices_include_tax boolean not null default false,
      tax_rate numeric(9,6) not null default 0 check (tax_rate >= 0 and tax_rate < 1),
      next_order_number bigint not null default 1,
      is_active boolean not null default true,
      created_at timestamptz not null default now()
    )`.execute(db)
  await sql`comment on column business.next_order_number is 'of orders that are made here, not imported'`.execute(db)

  await sql`
    create table app_user (
      id uuid primary key default gen_random_uuid(),
      firebase_uid text unique,
      email text,
      display_name text,
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      check (firebase_uid is not null or email is not null)
    )`.execute(db)
  await sql`create unique index app_user_email on app_user (lower(email))`.execute(db)

  await sql`
    create table business_user (
      business_id uuid not null references business (id),
      user_id uuid not null references app_user (id),
      role text not null check (role <> ''),
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      primary key (business_id, user_id)
    )`.execute(db)
  await sql`create index business_user_by_user on business_user (user_id)`.execute(db)

  await sql`
    create table location (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      name text not null check (name <> ''),
      timezone text not null,
      address text,
      city text,
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      primary key (business_id, id)
    )`.execute(db)
  await sql`create unique index location_by_name on location (business_id, lower(name))`.execute(db)

  for (const table of ['business', 'app_user', 'business_user', 'location']) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`grant select, insert, update on ${sql.table(table)} to flowpos_service`.execute(db)
  }

  // `(select …)` makes the setting an init plan, which is read once per statement instead of once per row.
  await sql`
    create policy business_visible on business for select using (
      id = (select app_business_id())
      or (select app_operator())
      or id in (select m.business_id from business_user m where m.user_id = (select app_user_id()) and m.is_active)
    )`.execute(db)
  await sql`create policy business_made on business for insert with check (id = (select app_business_id()))`.execute(db)
  await sql`create policy business_changed on business for update using (id = (select app_business_id()))`.execute(db)

  await sql`
    create policy membership_visible on business_user for select using (
      business_id = (select app_business_id()) or user_id = (select app_user_id())
    )`.execute(db)
  await sql`
    create policy membership_made on business_user for insert with check (business_id = (select app_business_id()))
  `.execute(db)
  await sql`
    create policy membership_changed on business_user for update using (business_id = (select app_business_id()))
  `.execute(db)

  // Users are found by their sign-in, before any business is known; colleagues are visible through the business.
  await sql`
    create policy user_visible on app_user for select using (
      id = (select app_user_id())
      or firebase_uid = (select app_firebase_uid())
      or lower(email) = lower((select app_email()))
      or id in (select m.user_id from business_user m where m.business_id = (select app_business_id()))
    )`.execute(db)
  await sql`
    create policy user_made on app_user for insert with check (
      firebase_uid = (select app_firebase_uid()) or lower(email) = lower((select app_email()))
    )`.execute(db)
  await sql`
    create policy user_changed on app_user for update using (
      id = (select app_user_id()) or lower(email) = lower((select app_email()))
    )`.execute(db)

  await sql`
    create policy tenant on location using (business_id = (select app_business_id()))
  `.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop table location, business_user, app_user, business`.execute(db)
  await sql`drop function search_pattern(text), search_text(text)`.execute(db)
  for (const name of ['business_id', 'user_id', 'firebase_uid', 'email', 'key_hash', 'operator']) {
    await sql`drop function ${sql.ref(`app_${name}`)}()`.execute(db)
  }
  // The role stays, because other databases of the cluster may use it.
  await sql`revoke usage on schema public from flowpos_service`.execute(db)
}
