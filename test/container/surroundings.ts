import { generateKeyPairSync, randomBytes } from 'node:crypto'
import path from 'node:path'
import { startPostgres } from '../../embedded/postgres.ts'
import { startRedis } from '../../embedded/redis-server.ts'
import { run } from './engine.ts'

export const ROOT = path.join(import.meta.dirname, '../..')

export interface Surroundings {
  /** Settings of the migration job, with the owner of the schema. */
  owner: Record<string, string>
  /** Settings of the other commands. */
  commands: Record<string, string>
  /** Settings of an instance. */
  service: Record<string, string>
  stop(): Promise<void>
}

/** Redis, and PostgreSQL with the roles of deploy/postgres but no schema yet. */
export async function startSurroundings(): Promise<Surroundings> {
  const [postgres, redis] = await Promise.all([startPostgres({ binDir: process.env.PG_BIN }), startRedis()])
  const stop = async () => {
    await Promise.all([postgres.stop(), redis.stop()])
  }
  const roles = path.join(ROOT, 'deploy/postgres/roles.sql')
  const passwords = {
    FLOWPOS_OWNER_PASSWORD: 'one',
    FLOWPOS_MCP_PASSWORD: 'two',
    FLOWPOS_CLI_PASSWORD: 'three',
    FLOWPOS_BACKUP_PASSWORD: 'four',
  }
  const made = await run('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-f', roles, postgres.url('postgres')], passwords)
  if (made.code !== 0) {
    await stop()
    throw new Error(`roles.sql: ${made.stderr}`)
  }
  return {
    owner: { MIGRATION_DATABASE_URL: postgres.url('flowpos', 'flowpos_owner') },
    commands: { COMMAND_DATABASE_URL: postgres.url('flowpos', 'flowpos_cli') },
    service: {
      HOST: '127.0.0.1',
      DATABASE_URL: postgres.url('flowpos', 'flowpos_mcp'),
      REDIS_URL: redis.url,
      FIREBASE_PROJECT_ID: 'flowpos',
      FIREBASE_SERVICE_ACCOUNT: JSON.stringify(SERVICE_ACCOUNT),
      MCP_TOKEN_SECRET: randomBytes(32).toString('hex'),
      TRUST_PROXY: '1',
    },
    stop,
  }
}

const SERVICE_ACCOUNT = {
  type: 'service_account',
  project_id: 'flowpos',
  client_email: 'mcp@flowpos.iam.gserviceaccount.com',
  private_key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
}
