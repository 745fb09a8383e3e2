import { type Kysely, sql } from 'kysely'

const OWN = sql.raw('business_id = (select app_business_id())')

/**
 * Indexes by which a search finds orders by a part of their number or note. As with products, row security keeps them
 * from being used for patterns, so the owner looks up ids of the business in a function; what the ids stand for is read
 * by who asks, within row security. New rows wait in a list, so that a sale costs no more.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`create index orders_by_number_trigram on orders
    using gin (business_id, lower(order_number) gin_trgm_ops)`.execute(db)
  await sql`create index orders_by_note_trigram on orders
    using gin (business_id, search_text(note) gin_trgm_ops) where note is not null`.execute(db)
  await sql`create policy searched on orders for select to current_user using (true)`.execute(db)
  await sql`comment on policy searched on orders is
    'for the owner alone, as whom orders_with looks up ids of the business'`.execute(db)
  await sql`
    create function orders_with(pattern text) returns setof uuid
    language sql stable security definer rows 100 set search_path = public, pg_temp
    as $$
      select o.id from orders o where o.${OWN} and lower(o.order_number) like pattern
      union
      select o.id from orders o where o.${OWN} and o.note is not null and search_text(o.note) like pattern
    $$`.execute(db)
  await sql`comment on function orders_with(text) is 'what has a pattern in number or note'`.execute(db)
  await sql`revoke execute on function orders_with(text) from public`.execute(db)
  await sql`grant execute on function orders_with(text) to flowpos_service`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop function orders_with(text)`.execute(db)
  await sql`drop policy searched on orders`.execute(db)
  for (const name of ['orders_by_note_trigram', 'orders_by_number_trigram']) {
    await sql`drop index ${sql.ref(name)}`.execute(db)
  }
}
