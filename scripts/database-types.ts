import { type GenerateOptions, generate, getDialect } from 'kysely-codegen'
import { createKysely, createPool } from '../src/database/pool.ts'

/**
 * The text of `src/database/types.ts`: Kysely's types of the tables in `public`, without those of the migrator.
 * @param url of a migrated database
 */
export async function databaseTypes(url: string): Promise<string> {
  const db = createKysely(createPool(url, { size: 1 }))
  try {
    return await generate({
      // For TypeScript, Kysely as an ES module and as a CommonJS module are two different classes.
      db: db as unknown as GenerateOptions['db'],
      dialect: getDialect('postgres', { dateParser: 'string' }),
      // A demo has a schema of its own in its database.
      includePattern: 'public.*',
      excludePattern: 'public.kysely_*',
      outFile: null,
    })
  } finally {
    await db.destroy()
  }
}
