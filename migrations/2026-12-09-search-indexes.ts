import { type Kysely, sql } from 'kysely'

const TABLES = ['product', 'product_variant']
const OWN = sql.raw('business_id = (select app_business_id())')
// The offset keeps all variants of a business from being read for those of some products.
const VARIANTS = sql.raw(`cross join lateral (
        select o.id from product_variant o where o.business_id = p.business_id and o.product_id = p.id offset 0
      ) v`)

/**
 * Indexes by which a search finds products. Row security keeps them from being used for patterns and likeness, as these
 * are not leakproof. So the owner, whom its policies let read all products, looks up ids of the business in two
 * functions; what the ids stand for is read and searched by who asks, within row security.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // Trusted, as pg_trgm is: an index by trigrams that begins with the business.
  await sql`create extension if not exists btree_gin`.execute(db)
  for (const table of TABLES) {
    await sql`create index ${sql.ref(`${table}_by_trigram`)} on ${sql.table(table)}
      using gin (business_id, search gin_trgm_ops) with (fastupdate = off)`.execute(db)
    await sql`create policy searched on ${sql.table(table)} for select to current_user using (true)`.execute(db)
    await sql`comment on policy searched on ${sql.table(table)} is
      'for the owner alone, as whom variants_with and variants_near look up ids of the business'`.execute(db)
  }
  await sql`
    create function variants_with(pattern text) returns setof uuid
    language sql stable security definer rows 100 set search_path = public, pg_temp
    as $$
      select v.id from product_variant v where v.${OWN} and v.search like pattern
      union
      select v.id from product p ${VARIANTS} where p.${OWN} and p.search like pattern
    $$`.execute(db)
  // A little below what counts as near, because name and label are nearer together than each alone.
  // One word at a time: the planner takes an index for several to be dear, and likeness, which is dear, to be cheap.
  await sql`
    create function variants_near(words text[]) returns setof uuid
    language sql stable security definer rows 100 set search_path = public, pg_temp
    set pg_trgm.word_similarity_threshold = 0.4
    as $$
      select found.id
      from unnest(words) word
      cross join lateral (
        select v.id from product_variant v where v.${OWN} and v.search %> word
        union all
        select v.id from product p ${VARIANTS} where p.${OWN} and p.search %> word
      ) found
    $$`.execute(db)
  await sql`comment on function variants_with(text) is 'what has a pattern in the name or in label, SKU and barcode'
    `.execute(db)
  await sql`comment on function variants_near(text[]) is 'what has a word that is like one of these'`.execute(db)
  await sql`revoke execute on function variants_with(text), variants_near(text[]) from public`.execute(db)
  await sql`grant execute on function variants_with(text), variants_near(text[]) to flowpos_service`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`drop function variants_near(text[]), variants_with(text)`.execute(db)
  for (const table of TABLES) {
    await sql`drop policy searched on ${sql.table(table)}`.execute(db)
    await sql`drop index ${sql.ref(`${table}_by_trigram`)}`.execute(db)
  }
  await sql`drop extension btree_gin`.execute(db)
}
