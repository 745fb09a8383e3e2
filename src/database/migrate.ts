import { type Kysely, type Migration, type MigrationResultSet, Migrator, NO_MIGRATIONS } from 'kysely'
import { MIGRATIONS_FOLDER } from '../folders.ts'
import { importFolder } from '../import-folder.ts'

/**
 * Migrates the schema to the newest version, one step up or down, or all the way down.
 * @param kysely as the owner of the schema, who is not the role of the service
 * @returns the names of the migrations that ran, in order
 * @throws the error of the migration that failed; the whole call is rolled back
 */
export async function migrate(
  // biome-ignore lint/suspicious/noExplicitAny: the schema before a migration has no type
  kysely: Kysely<any>,
  direction: 'latest' | 'up' | 'down' | 'none' = 'latest',
): Promise<string[]> {
  const migrator = new Migrator({
    db: kysely,
    provider: {
      getMigrations: async () =>
        Object.fromEntries(await importFolder(MIGRATIONS_FOLDER)) as unknown as Record<string, Migration>,
    },
  })
  const run: Record<typeof direction, () => Promise<MigrationResultSet>> = {
    latest: () => migrator.migrateToLatest(),
    up: () => migrator.migrateUp(),
    down: () => migrator.migrateDown(),
    none: () => migrator.migrateTo(NO_MIGRATIONS),
  }
  const { error, results } = await run[direction]()
  if (error) throw error
  return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName)
}
