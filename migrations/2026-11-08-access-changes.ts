import { type Kysely, sql } from 'kysely'

/**
 * The tables that decide who may do what, and the columns that matter. Every change, whoever makes it, notifies
 * `flowpos_access` with the id of the user, token or key, so that every instance drops what it has cached about them. A
 * change of a business affects its people and its keys.
 */
const TRIGGERS = [
  { table: 'business_user', columns: ['role', 'is_active'], ids: 'select coalesce(new.user_id, old.user_id)' },
  { table: 'app_user', columns: ['is_active', 'firebase_uid'], ids: 'select old.id' },
  {
    table: 'business',
    columns: ['name', 'currency', 'currency_digits', 'timezone', 'is_active'],
    ids: `
      select user_id from business_user where business_id = old.id
      union select id from mcp_api_key where business_id = old.id`,
  },
  { table: 'mcp_token', columns: ['scopes', 'expires_at', 'revoked_at'], ids: 'select old.jti' },
  { table: 'mcp_api_key', columns: ['role', 'scopes', 'is_active', 'expires_at'], ids: 'select old.id' },
]

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  for (const { table, columns, ids } of TRIGGERS) {
    const name = sql.ref(`${table}_access_changed`)
    // A new membership extends what a user sees, but nothing is cached yet about a new user, key or token.
    const events = table === 'business_user' ? 'insert or delete or update' : 'delete or update'
    await sql`
      create function ${name}() returns trigger language plpgsql as ${sql.lit(`
        declare concerned uuid;
        begin
          for concerned in ${ids} loop perform pg_notify('flowpos_access', concerned::text); end loop;
          return null;
        end`)}`.execute(db)
    await sql`
      create trigger access_changed after ${sql.raw(events)} of ${sql.join(columns.map((column) => sql.ref(column)))}
      on ${sql.table(table)} for each row execute function ${name}()`.execute(db)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const { table } of TRIGGERS) {
    await sql`drop trigger access_changed on ${sql.table(table)}`.execute(db)
    await sql`drop function ${sql.ref(`${table}_access_changed`)}()`.execute(db)
  }
}
