import { type Kysely, sql } from 'kysely'

const AUDITED = sql`
  kind, action, outcome, principal, credential_id, business_id, client, network, duration_ms, request_id, subject,
  occurrences`

/**
 * The audit trail tells of credentials and refusals as well as of calls, in a partition per month. The service only
 * adds to it, the commands read it. Its rows outlive what they tell of, so they refer to nothing.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // The owner of the schema may be bound by row security, too.
  await sql`alter table mcp_audit no force row level security`.execute(db)
  await sql`alter table mcp_audit rename to mcp_audit_before`.execute(db)
  await sql`drop index mcp_audit_by_business`.execute(db)
  await sql`alter table mcp_audit_before rename constraint mcp_audit_pkey to mcp_audit_before_pkey`.execute(db)
  await sql`alter table mcp_audit_before alter column id drop identity`.execute(db)

  // Not an identity: before PostgreSQL 17, partitioned tables had none.
  await sql`create sequence mcp_audit_id_seq`.execute(db)
  await sql`
    create table mcp_audit (
      id bigint not null default nextval('mcp_audit_id_seq'),
      at timestamptz not null default now(),
      kind text not null default 'tool',
      action text not null,
      outcome text not null,
      principal text,
      credential_id uuid,
      business_id uuid,
      client text,
      network text,
      duration_ms integer,
      request_id text,
      subject text,
      occurrences integer not null default 1 check (occurrences > 0),
      primary key (at, id)
    ) partition by range (at)`.execute(db)
  await sql`alter sequence mcp_audit_id_seq owned by mcp_audit.id`.execute(db)
  await sql`comment on column mcp_audit.kind is 'tool, prompt, resource, token, key, connection, membership, sign_in'`.execute(
    db,
  )
  await sql`comment on column mcp_audit.principal is 'null: nobody who is known'`.execute(db)
  await sql`comment on column mcp_audit.credential_id is 'the key, or the family of the token'`.execute(db)
  await sql`comment on column mcp_audit.network is 'a /24 of IPv4 or a /64 of IPv6'`.execute(db)
  await sql`comment on column mcp_audit.occurrences is 'how many alike the row stands for'`.execute(db)
  await sql`create index mcp_audit_by_business on mcp_audit (business_id, at desc, id desc)`.execute(db)
  await sql`create index mcp_audit_by_principal on mcp_audit (principal, at desc, id desc)`.execute(db)
  // So that no row is ever lost: it gets what no month takes, until the month exists.
  await sql`create table mcp_audit_default partition of mcp_audit default`.execute(db)

  await makePartitionFunctions(db)
  await sql`
    do $$ declare month date; begin
      for month in select distinct date_trunc('month', at at time zone 'UTC')::date from mcp_audit_before loop
        perform make_audit_partition(month);
      end loop;
    end $$`.execute(db)
  await sql`
    insert into mcp_audit (id, at, action, outcome, principal, credential_id, business_id, duration_ms, request_id, subject)
    select id, at, tool, outcome, principal, credential_id, business_id, duration_ms, request_id, subject
    from mcp_audit_before`.execute(db)
  await sql`select setval('mcp_audit_id_seq', coalesce(max(id), 0) + 1, false) from mcp_audit_before`.execute(db)
  await sql`drop table mcp_audit_before`.execute(db)

  await sql`
    create trigger append_only before update or delete on mcp_audit
    for each statement execute function append_only()`.execute(db)
  for (const table of ['mcp_audit', 'mcp_audit_default']) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
  }
  await sql`create policy audit_written on mcp_audit for insert to flowpos_service with check (true)`.execute(db)
  await sql`create policy audit_read on mcp_audit for select to flowpos_commands using (true)`.execute(db)
  // Nobody but the owner has rights to it, whose functions move its rows into their month.
  await sql`create policy audit_moved on mcp_audit_default using (true)`.execute(db)
  await sql`grant insert (at, ${AUDITED}) on mcp_audit to flowpos_service`.execute(db)
  await sql`grant usage on sequence mcp_audit_id_seq to flowpos_service`.execute(db)
  await sql`grant select on mcp_audit to flowpos_commands`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`alter table mcp_audit no force row level security`.execute(db)
  await sql`alter table mcp_audit rename to mcp_audit_months`.execute(db)
  await sql`alter table mcp_audit_months rename constraint mcp_audit_pkey to mcp_audit_months_pkey`.execute(db)
  await sql`drop index mcp_audit_by_business`.execute(db)
  await sql`
    create table mcp_audit (
      id bigint generated by default as identity primary key,
      at timestamptz not null default now(),
      principal text not null,
      credential_id uuid,
      business_id uuid references business (id),
      tool text not null,
      outcome text not null,
      duration_ms integer not null,
      request_id text,
      subject text
    )`.execute(db)
  await sql`create index mcp_audit_by_business on mcp_audit (business_id, at desc)`.execute(db)
  await sql`
    insert into mcp_audit (id, at, principal, credential_id, business_id, tool, outcome, duration_ms, request_id, subject)
    select id, at, coalesce(principal, ''), credential_id, business_id, action, outcome, coalesce(duration_ms, 0), request_id,
      subject
    from mcp_audit_months`.execute(db)
  await sql`
    select setval(pg_get_serial_sequence('mcp_audit', 'id'), coalesce(max(id), 0) + 1, false) from mcp_audit
  `.execute(db)
  await sql`alter table mcp_audit alter column id set generated always`.execute(db)
  await sql`drop function detach_audit_partitions(date, boolean), make_audit_partitions(integer)`.execute(db)
  await sql`drop function make_audit_partition(date)`.execute(db)
  await sql`drop table mcp_audit_months`.execute(db)

  await sql`
    create trigger append_only before update or delete on mcp_audit
    for each statement execute function append_only()`.execute(db)
  await sql`alter table mcp_audit enable row level security`.execute(db)
  await sql`alter table mcp_audit force row level security`.execute(db)
  await sql`create policy audit_written on mcp_audit for insert with check (true)`.execute(db)
  await sql`
    create policy audit_read on mcp_audit for select using (business_id = (select app_business_id()))
  `.execute(db)
  await sql`grant select, insert on mcp_audit to flowpos_service`.execute(db)
}

/** Partitions belong to the owner of the schema, whom these functions represent to the commands. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function makePartitionFunctions(db: Kysely<any>): Promise<void> {
  await sql`
    create function make_audit_partition(month date) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare
      name text := to_char(month, '"mcp_audit_"YYYY_MM');
      since timestamptz := month::timestamp at time zone 'UTC';
      until timestamptz := (month + interval '1 month') at time zone 'UTC';
    begin
      perform pg_advisory_xact_lock(hashtextextended('mcp_audit partitions', 0));
      if to_regclass(name) is not null then return false; end if;
      -- Attaching fails unless rows that are not committed yet are waited for and moved, too. New ones wait before they
      -- choose a partition.
      lock table only mcp_audit in share row exclusive mode;
      lock table mcp_audit_default in access exclusive mode;
      execute format('create table %I (like mcp_audit including defaults including constraints)', name);
      execute format(
        'with moved as (delete from mcp_audit_default where at >= %L and at < %L returning *) insert into %I select * from moved',
        since, until, name);
      execute format('alter table %I enable row level security', name);
      execute format('alter table %I force row level security', name);
      execute format('alter table mcp_audit attach partition %I for values from (%L) to (%L)', name, since, until);
      return true;
    end $$`.execute(db)
  await sql`
    create function make_audit_partitions(months_ahead integer) returns setof text
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare
      this date := date_trunc('month', now() at time zone 'UTC');
      month date;
    begin
      -- Before the default partition is read: two that have read it could not both go on to lock it.
      perform pg_advisory_xact_lock(hashtextextended('mcp_audit partitions', 0));
      for month in
        select distinct date_trunc('month', at at time zone 'UTC')::date from mcp_audit_default
        union select (this + make_interval(months => ahead))::date from generate_series(0, least(months_ahead, 24)) ahead
        order by 1
      loop
        if make_audit_partition(month) then return next to_char(month, 'YYYY-MM'); end if;
      end loop;
    end $$`.execute(db)
  await sql`
    create function detach_audit_partitions(before date, dropped boolean) returns setof text
    language plpgsql security definer set search_path = public, pg_temp
    as $$
    declare
      part record;
    begin
      perform pg_advisory_xact_lock(hashtextextended('mcp_audit partitions', 0));
      for part in
        select c.relname as name, c.relispartition as attached from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname ~ '^mcp_audit_[0-9]{4}_[0-9]{2}$'
          and c.relname < to_char(before, '"mcp_audit_"YYYY_MM') and (c.relispartition or dropped)
        order by c.relname
      loop
        if part.attached then execute format('alter table mcp_audit detach partition %I', part.name); end if;
        if dropped then execute format('drop table %I', part.name); end if;
        return next part.name;
      end loop;
    end $$`.execute(db)
  await sql`
    revoke execute on function make_audit_partition(date), make_audit_partitions(integer),
      detach_audit_partitions(date, boolean)
    from public`.execute(db)
  await sql`
    grant execute on function make_audit_partitions(integer), detach_audit_partitions(date, boolean) to flowpos_commands
  `.execute(db)
}
