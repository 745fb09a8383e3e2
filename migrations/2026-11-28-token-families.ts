import { type Kysely, sql } from 'kysely'

/**
 * Tokens have families: an exchange or a consent begins one, a refresh goes on in it. Ending a token ends its family.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    alter table mcp_token
      add column family_id uuid,
      add column replaced_at timestamptz,
      add column signed_in_at timestamptz default now(),
      add column checked_at timestamptz default now(),
      add column used_by text`.execute(db)
  // The owner of the schema may be bound by row security, too.
  await sql`alter table mcp_token no force row level security`.execute(db)
  await sql`update mcp_token set family_id = jti, signed_in_at = created_at, checked_at = created_at`.execute(db)
  await sql`alter table mcp_token force row level security`.execute(db)
  await sql`
    alter table mcp_token
      alter column family_id set not null,
      alter column signed_in_at set not null,
      alter column checked_at set not null`.execute(db)
  await sql`comment on column mcp_token.replaced_at is 'when it was refreshed: it ends some minutes later'`.execute(db)
  await sql`comment on column mcp_token.signed_in_at is 'when the person signed in with Firebase'`.execute(db)
  await sql`comment on column mcp_token.checked_at is 'when Firebase last said that the sign-in is good'`.execute(db)
  await sql`comment on column mcp_token.used_by is 'the MCP client that last began a conversation with it'`.execute(db)
  await notifyOf(db, 'select old.jti union select old.family_id')
  await sql`create index mcp_token_by_family on mcp_token (family_id)`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await notifyOf(db, 'select old.jti')
  await sql`drop index mcp_token_by_family`.execute(db)
  await sql`
    alter table mcp_token
      drop column family_id, drop column replaced_at, drop column signed_in_at, drop column checked_at,
      drop column used_by`.execute(db)
}

/** Streams are known by the family of their token, cached principals by the token itself. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function notifyOf(db: Kysely<any>, ids: string): Promise<void> {
  await sql`
    create or replace function mcp_token_access_changed() returns trigger language plpgsql as ${sql.lit(`
      declare concerned uuid;
      begin
        for concerned in ${ids} loop perform pg_notify('flowpos_access', concerned::text); end loop;
        return null;
      end`)}`.execute(db)
}
