import { generate, getDialect } from 'kysely-codegen'

/**
 * The text of `src/database/types.ts`: Kysely's types of the tables in `public`, without those of the migrator.
 * @param url of a migrated database
 */
export async function databaseTypes(url: string): Promise<string> {
  const dialect = getDialect('postgres', { dateParser: 'string' })
  const db = await dialect.introspector.connect({ connectionString: url, dialect })
  try {
    // The demo keeps a schema of its own in its database.
    return await generate({
      db,
      dialect,
      includePattern: 'public.*',
      excludePattern: 'public.kysely_*',
      outFile: null,
    })
  } finally {
    await db.destroy()
  }
}
