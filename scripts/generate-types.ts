import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { startPostgres } from '../embedded/postgres.ts'
import { migrate } from '../src/database/migrate.ts'
import { createKysely, createPool } from '../src/database/pool.ts'
import { databaseTypes } from './database-types.ts'

// Generates the types of the migrated schema, on a throw-away cluster.

const FILE = path.join(import.meta.dirname, '../src/database/types.ts')

const server = await startPostgres({ binDir: process.env.PG_BIN })
try {
  const kysely = createKysely(createPool(server.url(), { size: 1 }))
  await migrate(kysely)
  await kysely.destroy()
  await writeFile(FILE, await databaseTypes(server.url()))
  console.log(`${path.relative('', FILE)} written`)
} finally {
  await server.stop()
}
