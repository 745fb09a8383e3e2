import { type Kysely, sql } from 'kysely'

const TABLES = ['mcp_api_key', 'mcp_token', 'mcp_audit', 'idempotency']

/** Credentials, the audit trail of tool calls, and the stored results of writes. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table mcp_api_key (
      id uuid primary key default gen_random_uuid(),
      business_id uuid references business (id),
      role text not null check (role in ('merchant', 'tenant_developer', 'platform_operator')),
      scopes text[] not null check (cardinality(scopes) > 0),
      label text not null check (label <> ''),
      key_hash bytea not null unique check (length(key_hash) = 32),
      is_active boolean not null default true,
      expires_at timestamptz,
      last_used_at timestamptz,
      created_by uuid references app_user (id),
      created_at timestamptz not null default now(),
      check ((role = 'platform_operator') = (business_id is null))
    )`.execute(db)
  await sql`create index mcp_api_key_by_business on mcp_api_key (business_id, created_at desc, id)`.execute(db)

  await sql`
    create table mcp_token (
      jti uuid primary key,
      user_id uuid not null references app_user (id),
      label text,
      client text,
      scopes text[] check (cardinality(scopes) > 0),
      created_at timestamptz not null default now(),
      last_used_at timestamptz,
      expires_at timestamptz not null,
      revoked_at timestamptz
    )`.execute(db)
  await sql`comment on column mcp_token.scopes is 'the narrowing that was asked for; null: whatever the role gives'`.execute(
    db,
  )
  await sql`create index mcp_token_by_user on mcp_token (user_id, expires_at)`.execute(db)

  await sql`
    create table mcp_audit (
      id bigint generated always as identity primary key,
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
    create trigger append_only before update or delete on mcp_audit
    for each statement execute function append_only()`.execute(db)

  await sql`
    create table idempotency (
      business_id uuid not null references business (id),
      principal text not null,
      key text not null,
      tool text not null,
      arguments_hash bytea not null,
      result jsonb not null,
      created_at timestamptz not null default now(),
      primary key (business_id, principal, key)
    )`.execute(db)
  await sql`create index idempotency_by_age on idempotency (created_at)`.execute(db)

  for (const table of TABLES) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
  }

  // A key is found by its hash, before its business is known. Owners and admins manage the keys of their business.
  const isManaged = sql`
    business_id = (select app_business_id())
    or business_id in (
      select m.business_id from business_user m
      where m.user_id = (select app_user_id()) and m.is_active and m.role in ('owner', 'admin'))
    or (business_id is null and (select app_operator()))`
  await sql`
    create policy key_visible on mcp_api_key
    using (key_hash = (select app_key_hash()) or ${isManaged}) with check (${isManaged})`.execute(db)
  await sql`grant select, insert, update, delete on mcp_api_key to flowpos_service`.execute(db)
  await sql`
    create policy business_of_key_visible on business for select using (
      id = (select k.business_id from mcp_api_key k where k.key_hash = (select app_key_hash()))
    )`.execute(db)

  await sql`create policy own_tokens on mcp_token using (user_id = (select app_user_id()))`.execute(db)
  await sql`grant select, insert, update, delete on mcp_token to flowpos_service`.execute(db)

  await sql`create policy audit_written on mcp_audit for insert with check (true)`.execute(db)
  await sql`
    create policy audit_read on mcp_audit for select using (business_id = (select app_business_id()))
  `.execute(db)
  await sql`grant select, insert on mcp_audit to flowpos_service`.execute(db)

  await sql`create policy tenant on idempotency using (business_id = (select app_business_id()))`.execute(db)
  await sql`grant select, insert, update, delete on idempotency to flowpos_service`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop policy business_of_key_visible on business`.execute(db)
  for (const table of TABLES.toReversed()) await sql`drop table ${sql.table(table)}`.execute(db)
}
