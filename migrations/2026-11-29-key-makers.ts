import { type Kysely, sql } from 'kysely'

/**
 * Keys remember what became of them: one that is deleted is hidden, so that the audit trail can still name it, and one
 * whose maker leaves the business ends a day later.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    alter table mcp_api_key
      add column hidden_at timestamptz,
      add column gone_on date,
      add constraint mcp_api_key_hidden_is_off check (hidden_at is null or not is_active)`.execute(db)
  await sql`alter table mcp_token add column gone_on date`.execute(db)
  for (const table of ['mcp_api_key', 'mcp_token']) {
    await sql`
      comment on column ${sql.table(table)}.gone_on is 'day on which it was last refused for want of a membership'
    `.execute(db)
  }

  await sql`alter table business_user add column ended_at timestamptz`.execute(db)
  // The owner of the schema may be bound by row security, too.
  await sql`alter table business_user no force row level security`.execute(db)
  await sql`update business_user set ended_at = now() where not is_active`.execute(db)
  await sql`alter table business_user force row level security`.execute(db)
  await sql`
    create function membership_has_end() returns trigger language plpgsql as $$
    begin
      new.ended_at := case when new.is_active then null when tg_op = 'INSERT' then now() else coalesce(old.ended_at, now()) end;
      return new;
    end $$`.execute(db)
  await sql`
    create trigger membership_has_end before insert or update on business_user
    for each row execute function membership_has_end()`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop trigger membership_has_end on business_user`.execute(db)
  await sql`drop function membership_has_end()`.execute(db)
  await sql`alter table business_user drop column ended_at`.execute(db)
  await sql`alter table mcp_token drop column gone_on`.execute(db)
  await sql`alter table mcp_api_key no force row level security`.execute(db)
  await sql`delete from mcp_api_key where hidden_at is not null`.execute(db)
  await sql`alter table mcp_api_key force row level security`.execute(db)
  await sql`
    alter table mcp_api_key
      drop constraint mcp_api_key_hidden_is_off, drop column hidden_at, drop column gone_on`.execute(db)
}
