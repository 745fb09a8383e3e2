import { type Kysely, sql } from 'kysely'

/** What a merchant has chosen for one connection: which businesses, and whether it may see their clients. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    alter table mcp_token
      add column client_data boolean not null default true,
      add column business_ids uuid[] check (cardinality(business_ids) > 0)`.execute(db)
  await sql`comment on column mcp_token.business_ids is 'null: all businesses of the user, future ones too'`.execute(db)

  await sql`
    create function app_clients_hidden() returns boolean language sql stable parallel safe
    as $$select coalesce(nullif(current_setting('app.clients_hidden', true), '')::boolean, false)$$`.execute(db)
  await sql`
    create policy clients_hidden on customer as restrictive using (not (select app_clients_hidden()))`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop policy clients_hidden on customer`.execute(db)
  await sql`drop function app_clients_hidden()`.execute(db)
  await sql`alter table mcp_token drop column client_data, drop column business_ids`.execute(db)
}
