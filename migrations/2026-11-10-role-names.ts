import { type Kysely, type RawBuilder, sql } from 'kysely'

// Owners and admins manage the keys of their business, however their role is written: owner or Owner.
function managed(role: RawBuilder<unknown>) {
  return sql`
    business_id = (select app_business_id())
    or business_id in (
      select m.business_id from business_user m
      where m.user_id = (select app_user_id()) and m.is_active and ${role} in ('owner', 'admin'))
    or (business_id is null and (select app_operator()))`
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function changePolicy(db: Kysely<any>, role: RawBuilder<unknown>): Promise<void> {
  await sql`
    alter policy key_visible on mcp_api_key
    using (key_hash = (select app_key_hash()) or ${managed(role)}) with check (${managed(role)})`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await changePolicy(db, sql`lower(m.role)`)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await changePolicy(db, sql`m.role`)
}
