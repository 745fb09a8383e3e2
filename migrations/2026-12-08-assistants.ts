import { type Kysely, type RawBuilder, sql } from 'kysely'

const BUSINESS_COLUMNS = ['name', 'currency', 'currency_digits', 'timezone', 'is_active']
const TOKEN_COLUMNS = ['scopes', 'expires_at', 'revoked_at']
const POLICY = ['assistants_enabled', 'allowed_clients']

/**
 * What an owner decides about the assistants of a business: whether there are any, which clients, and that one of
 * somebody else's ends here. Owners and admins see the connections of their people and what was done with them.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    alter table business
      add column assistants_enabled boolean not null default true,
      add column allowed_clients text[]`.execute(db)
  await sql`
    comment on column business.allowed_clients is
      'null: all; else hosts of OAuth clients, "token" for pasted tokens, "key" for API keys'`.execute(db)
  await sql`
    alter table mcp_token
      add column client_host text,
      add column ended_for uuid[] not null default '{}'`.execute(db)
  await sql`comment on column mcp_token.client_host is 'whose OAuth client it is; null for tokens that people paste'`.execute(
    db,
  )
  await sql`comment on column mcp_token.ended_for is 'businesses whose owner or admin ended it there'`.execute(db)
  await changeTrigger(db, 'business', [...BUSINESS_COLUMNS, ...POLICY])
  await changeTrigger(db, 'mcp_token', [...TOKEN_COLUMNS, 'ended_for'])
  await sql`grant update (assistants_enabled, allowed_clients) on business to flowpos_service`.execute(db)
  await sql`grant update (ended_for) on mcp_token to flowpos_service`.execute(db)

  // Looks past row security, because a person sees only their own memberships.
  await sql`
    create function app_manages_business() returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$
      select exists (
        select from business_user m
        where m.business_id = app_business_id() and m.user_id = app_user_id() and m.is_active
          and lower(m.role) in ('owner', 'admin'))
    $$`.execute(db)
  await sql`
    create function app_is_colleague(person uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
    as $$ select exists (select from business_user m where m.business_id = app_business_id() and m.user_id = person) $$
  `.execute(db)
  const managed: RawBuilder<unknown> = sql`(select app_manages_business()) and app_is_colleague(user_id)`
  await sql`create policy tokens_of_staff on mcp_token for select using (${managed})`.execute(db)
  await sql`create policy tokens_of_staff_ended on mcp_token for update using (${managed})`.execute(db)
  await sql`
    create policy audit_of_business on mcp_audit for select to flowpos_service
    using (
      business_id = (select app_business_id())
      and ((select app_manages_business()) or principal = 'user:' || (select app_user_id())))`.execute(db)
  await sql`grant select on mcp_audit to flowpos_service`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`revoke select on mcp_audit from flowpos_service`.execute(db)
  await sql`drop policy audit_of_business on mcp_audit`.execute(db)
  await sql`drop policy tokens_of_staff_ended on mcp_token`.execute(db)
  await sql`drop policy tokens_of_staff on mcp_token`.execute(db)
  await sql`drop function app_is_colleague(uuid), app_manages_business()`.execute(db)
  await changeTrigger(db, 'mcp_token', TOKEN_COLUMNS)
  await changeTrigger(db, 'business', BUSINESS_COLUMNS)
  await sql`alter table mcp_token drop column client_host, drop column ended_for`.execute(db)
  await sql`alter table business drop column assistants_enabled, drop column allowed_clients`.execute(db)
}

/** The columns whose changes are announced to every instance. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function changeTrigger(db: Kysely<any>, table: string, columns: string[]): Promise<void> {
  await sql`
    create or replace trigger access_changed after delete or update of ${sql.join(columns.map((name) => sql.ref(name)))}
    on ${sql.table(table)} for each row execute function ${sql.ref(`${table}_access_changed`)}()`.execute(db)
}
