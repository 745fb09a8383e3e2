import { type Kysely, sql } from 'kysely'

/**
 * Currencies whose digits were taken from CLDR, which gives some the digits that shops usually write, and by ISO 4217
 * have these.
 */
const DIGITS = {
  2: [
    ...['AFN', 'ALL', 'AMD', 'COP', 'CRC', 'GYD', 'HUF', 'IDR', 'IRR', 'KPW', 'LAK', 'LBP', 'MGA', 'MMK', 'MNT', 'MUR'],
    ...['PKR', 'RSD', 'SOS', 'SYP', 'TZS', 'UZS', 'YER'],
  ],
  3: ['IQD'],
}

/** Businesses that were made without the minor unit of their currency get it. Whole amounts stay what they are. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // The owner of the schema may be bound by row security, too.
  await sql`alter table business no force row level security`.execute(db)
  for (const [digits, currencies] of Object.entries(DIGITS)) {
    await sql`
      update business set currency_digits = ${Number(digits)}
      where currency = any(${currencies}) and currency_digits = 0`.execute(db)
  }
  await sql`alter table business force row level security`.execute(db)
}

/** Nothing: the digits of ISO 4217 are right for the version before, too. */
export async function down(): Promise<void> {}
