import pg from 'pg'
import { inject } from 'vitest'
import { readZone } from '../../src/database/zones.ts'

/** Has this process know some zones as the tests' database knows them, for tests that call no tool first. */
export async function learnZones(...timezones: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    for (const timezone of timezones) await readZone(client, timezone)
  } finally {
    await client.end()
  }
}
