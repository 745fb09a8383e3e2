import type { Kysely } from 'kysely'
import { makeAuditPartitions } from '../src/audit/partitions.ts'
import { migrate } from '../src/database/migrate.ts'
import { createKysely, createPool } from '../src/database/pool.ts'
import type { DB } from '../src/database/types.ts'
import { action, runCommand } from './command.ts'
import { openEmbedded } from './database.ts'

const USAGE = `npm run migrate [-- latest|up|down|none] [--json]

Changes the schema, as the owner that MIGRATION_DATABASE_URL names (else DATABASE_URL, else the embedded database):
  latest  to the newest migration (default), with partitions of the audit trail for the coming months
  up      one migration
  down    one migration back
  none    all the way back: every table is gone`

await runCommand({
  usage: USAGE,
  options: {},
  async run({ words, env }) {
    const [direction] = action(words, { latest: 0, up: 0, down: 0, none: 0 }, 'latest')
    const { names, months } = await asOwner(env, async (kysely) => ({
      names: await migrate(kysely, direction),
      months: direction === 'latest' ? await makeAuditPartitions(kysely) : [],
    }))
    const lines = [...names.map((name) => `ran ${name}`), ...months.map((month) => `made audit partition ${month}`)]
    return {
      json: { direction, migrations: names, auditPartitions: months },
      text: lines.join('\n') || 'Nothing to do.',
    }
  },
})

async function asOwner<T>(env: NodeJS.ProcessEnv, work: (kysely: Kysely<DB>) => Promise<T>): Promise<T> {
  const given = env.MIGRATION_DATABASE_URL || env.DATABASE_URL
  const embedded = given ? undefined : await openEmbedded(env)
  const url = given || embedded?.url
  if (url === undefined)
    throw new Error('Set MIGRATION_DATABASE_URL or DATABASE_URL: there is no embedded database here')
  const kysely = createKysely(createPool(url, { size: 1 }))
  try {
    return await work(kysely)
  } finally {
    await kysely.destroy()
    await embedded?.stop()
  }
}
