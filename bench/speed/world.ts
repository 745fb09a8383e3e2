import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import pg from 'pg'
import { ANA, LA_CEIBA, MARCO } from '../../demo/data/directory.ts'
import { seedDemo } from '../../demo/seed.ts'
import { startPostgres } from '../../embedded/postgres.ts'
import { startRedis } from '../../embedded/redis-server.ts'
import jwt from '../../plugins/auth/jwt.ts'
import { SCOPES } from '../../src/auth/scopes.ts'
import { loadConfig } from '../../src/config.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createKysely, createPool, SERVICE_ROLE } from '../../src/database/pool.ts'

export interface World {
  /** The database as its owner. */
  ownerUrl: string
  /** Settings of the service, as in production except for the request limit. */
  env: Record<string, string>
  redisUrl: string
  /** The token of an owner of two businesses. */
  token: string
  /** The token of the owner of another business. */
  neighbour: string
  /** Further people, each with a token of their own. */
  crowd: string[]
  stop(): Promise<void>
}

/** Enough for a day, the same weekday of the four weeks before, and a first month. */
const DAYS = 60
const LOGIN = 'speed_service'

/**
 * A separate PostgreSQL and Redis for the measurement, with the shops of the demo and no sessions yet.
 * @param people how many further owners the first of the two businesses has
 * @param days how long ago their sales begin
 */
export async function makeWorld(people: number, days = DAYS): Promise<World> {
  const postgres = await startPostgres()
  const redis = await startRedis()
  const stop = async () => {
    await redis.stop()
    await postgres.stop()
  }
  try {
    const admin = new pg.Client({ connectionString: postgres.url('postgres') })
    await admin.connect()
    await admin.query('create database speed')
    await admin.end()
    const ownerUrl = postgres.url('speed')
    const owner = createKysely(createPool(ownerUrl, { size: 1 }))
    await migrate(owner).finally(() => owner.destroy())
    await seedDemo({ connectionString: ownerUrl, now: new Date(), days })

    const env = {
      DATABASE_URL: postgres.url('speed', LOGIN),
      REDIS_URL: redis.url,
      MCP_TOKEN_SECRET: randomBytes(32).toString('hex'),
      MCP_RATE_LIMIT_PER_MINUTE: '1000000000',
      ...firebaseSettings(),
    }
    const client = new pg.Client({ connectionString: ownerUrl })
    await client.connect()
    await client.query(`create role ${LOGIN} login in role ${SERVICE_ROLE}`)
    const tokens = await makeTokens(client, env, people)
    await client.query('vacuum analyze')
    await client.end()
    return { ownerUrl, env, redisUrl: redis.url, ...tokens, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A service account that Google does not know, because nobody signs in here. */
function firebaseSettings() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    FIREBASE_PROJECT_ID: 'flowpos-speed',
    FIREBASE_SERVICE_ACCOUNT: JSON.stringify({
      type: 'service_account',
      project_id: 'flowpos-speed',
      client_email: 'speed@flowpos-speed.iam.gserviceaccount.com',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    }),
  }
}

async function makeTokens(client: pg.Client, env: Record<string, string>, people: number) {
  const app = Fastify()
  await app.register(jwt, { config: loadConfig(env), clock: () => new Date() })
  const { rows: businesses } = await client.query<{ business_id: string }>(
    'select business_id from business_user where user_id = $1 order by created_at',
    [MARCO.id],
  )
  const business = businesses[0]?.business_id as string

  const crowd = Array.from({ length: people }, () => randomUUID())
  await client.query(`insert into app_user (id, firebase_uid) select id, 'speed-' || id from unnest($1::uuid[]) id`, [
    crowd,
  ])
  await client.query(
    `insert into business_user (business_id, user_id, role) select $1, id, 'owner' from unnest($2::uuid[]) id`,
    [business, crowd],
  )
  const tokens = [MARCO.id, ANA.id, ...crowd].map((sub) => {
    const jti = randomUUID()
    const own = sub === ANA.id ? LA_CEIBA.id : business
    return { sub, jti, ...app.jwtSigner.sign({ sub, jti, scopes: [...SCOPES], business: own }) }
  })
  await client.query(
    `insert into mcp_token (jti, family_id, user_id, expires_at, created_at, last_used_at)
     select jti, jti, user_id, $3, now(), now() from unnest($1::uuid[], $2::uuid[]) as token (jti, user_id)`,
    [tokens.map(({ jti }) => jti), tokens.map(({ sub }) => sub), tokens[0]?.expiresAt],
  )
  await app.close()
  const [token = '', neighbour = '', ...rest] = tokens.map((each) => each.token)
  return { token, neighbour, crowd: rest }
}
