import { existsSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { openPostgres } from './postgres.ts'

const DATABASE = 'flowpos'

export interface EmbeddedDatabase {
  /** Connects as the owner of the schema. */
  url: string
  stop(): Promise<void>
}

/** Where a demo keeps its data. */
export function dataDirectory(env: NodeJS.ProcessEnv): string {
  return path.resolve(env.DATA_DIR ?? '.data')
}

/**
 * The embedded database of `DATA_DIR`: the running one, or one started for the caller.
 * @param options.create creates it if there is none
 * @returns undefined if there is none and none is to be created
 */
export async function openEmbeddedDatabase(
  env: NodeJS.ProcessEnv,
  options: { create?: boolean } = {},
): Promise<EmbeddedDatabase | undefined> {
  const dataDir = path.join(dataDirectory(env), 'postgres')
  if (options.create !== true && !existsSync(path.join(dataDir, 'PG_VERSION'))) return undefined
  const server = await openPostgres({ dataDir, binDir: env.PG_BIN })
  const client = new pg.Client({ connectionString: server.url('postgres') })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.end()
  }
  return { url: server.url(DATABASE), stop: () => server.stop() }
}
