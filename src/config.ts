import { type Static, Type } from '@sinclair/typebox'
import { envSchema } from 'env-schema'

/** Firebase's name of a way to sign in. */
const PROVIDER = '(password|(google|apple|microsoft|facebook|github|twitter|yahoo)\\.com|(oidc|saml)\\.[A-Za-z0-9-]+)'

/** Every setting, once: validation, defaults, types, `.env.example` and docs/settings.md are derived from it. */
export const ConfigSchema = Type.Object({
  HOST: Type.String({ default: '0.0.0.0', description: 'Address to listen on' }),
  PORT: Type.Integer({ default: 4000, minimum: 0, maximum: 65535, description: 'Port to listen on' }),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/]+/?$',
      description:
        'Address that clients use, e.g. https://api.flowpos.app: accepted as Host, shown in snippets; without it OAuth (/mcp/connect) is off',
    }),
  ),
  ALLOWED_HOSTS: Type.String({
    default: '',
    description: 'Further host names accepted in the Host header, comma-separated',
  }),
  ALLOWED_ORIGINS: Type.String({
    default: '',
    description: 'Web origins that may call the service from a browser, comma-separated',
  }),
  TRUST_PROXY: Type.String({
    default: '0',
    pattern: '^([0-9]{1,2}|[0-9a-fA-F.:/, ]+)$',
    description: 'Load balancers in front whose X-Forwarded-For is trusted: their number, or their addresses as CIDR',
  }),
  LOG_LEVEL: Type.String({
    default: 'info',
    pattern: '^(trace|debug|info|warn|error|fatal|silent)$',
    description: 'trace, debug, info, warn, error, fatal or silent',
  }),
  METRICS_PORT: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 65535, description: 'Separate port for /metrics; default: the same port' }),
  ),
  SHUTDOWN_DELAY_MS: Type.Integer({
    default: 1000,
    minimum: 0,
    maximum: 60000,
    description: 'How long to go on serving after SIGTERM, while load balancers notice that /health/ready fails',
  }),
  BODY_LIMIT_BYTES: Type.Integer({ default: 1048576, minimum: 1024, description: 'Largest request body accepted' }),

  DATABASE_URL: Type.Optional(
    Type.String({ description: 'PostgreSQL, as a login that is a member of flowpos_service and nothing else' }),
  ),
  COMMAND_DATABASE_URL: Type.Optional(
    Type.String({
      description: 'PostgreSQL as a login in flowpos_commands, for the other commands; default: DATABASE_URL',
    }),
  ),
  MIGRATION_DATABASE_URL: Type.Optional(
    Type.String({ description: 'PostgreSQL as the owner of the schema, for npm run migrate; default: DATABASE_URL' }),
  ),
  DATABASE_POOL_SIZE: Type.Integer({ default: 10, minimum: 1, maximum: 500, description: 'Connections per instance' }),
  DATABASE_CONNECT_TIMEOUT_MS: Type.Integer({
    default: 3000,
    minimum: 100,
    description: 'Longest wait for a connection',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: Type.Integer({
    default: 10000,
    minimum: 100,
    description: 'Longest time for one statement',
  }),

  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?://',
      description: 'A single Redis: redis://user:password@host:6379/0, or rediss:// for TLS',
    }),
  ),
  REDIS_HOST: Type.Optional(Type.String({ description: 'A single Redis, instead of REDIS_URL' })),
  REDIS_PORT: Type.Integer({ default: 6379, minimum: 1, maximum: 65535, description: 'Port, with REDIS_HOST' }),
  REDIS_SENTINELS: Type.Optional(
    Type.String({ description: 'Redis behind Sentinels: host:port of the Sentinels, comma-separated' }),
  ),
  REDIS_SENTINEL_MASTER: Type.String({ default: 'mymaster', description: 'Name of the master behind the Sentinels' }),
  REDIS_SENTINEL_USERNAME: Type.Optional(Type.String({ description: 'ACL user of the Sentinels themselves' })),
  REDIS_SENTINEL_PASSWORD: Type.Optional(Type.String({ description: 'Password of the Sentinels themselves' })),
  REDIS_CLUSTER: Type.Optional(
    Type.String({ description: 'Redis Cluster: host:port of some of its nodes, comma-separated' }),
  ),
  REDIS_USERNAME: Type.Optional(Type.String({ description: 'ACL user, if the URL names none' })),
  REDIS_PASSWORD: Type.Optional(Type.String({ description: 'Password, if the URL has none' })),
  REDIS_DB: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Number of the database, if the URL names none; not with a Cluster' }),
  ),
  REDIS_TLS: Type.Boolean({ default: false, description: 'TLS to Redis and its Sentinels; rediss:// says the same' }),
  REDIS_TLS_CA_FILE: Type.Optional(
    Type.String({ description: 'PEM file of the certificate authority; default: those that Node trusts' }),
  ),
  REDIS_TLS_CERT_FILE: Type.Optional(
    Type.String({ description: 'PEM file of a client certificate, if Redis requires one' }),
  ),
  REDIS_TLS_KEY_FILE: Type.Optional(Type.String({ description: 'PEM file of its key' })),
  REDIS_TLS_SERVER_NAME: Type.Optional(
    Type.String({ description: 'Name in the certificates, if nodes are known only by address' }),
  ),

  FIREBASE_PROJECT_ID: Type.Optional(Type.String({ description: 'Firebase project whose users sign in' })),
  FIREBASE_SERVICE_ACCOUNT: Type.Optional(
    Type.String({
      description: 'Service account as JSON; default: Application Default Credentials (GOOGLE_APPLICATION_CREDENTIALS)',
    }),
  ),
  FIREBASE_API_KEY: Type.Optional(
    Type.String({
      description:
        'Web API key of the Firebase project: without it nobody can sign in on the AI Assistant page, and OAuth (/mcp/connect) is off',
    }),
  ),
  FIREBASE_AUTH_DOMAIN: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9.-]+$',
      description: 'Auth domain of the Firebase project, whose pop-ups Google and the other providers need',
    }),
  ),
  FIREBASE_SIGN_IN_PROVIDERS: Type.String({
    default: 'password,google.com',
    pattern: `^${PROVIDER}( *, *${PROVIDER})*$`,
    description:
      'What the sign-in offers, comma-separated, of what the Firebase project has: password, google.com, apple.com, microsoft.com, facebook.com, github.com, twitter.com, yahoo.com, oidc.NAME, saml.NAME',
  }),
  FIREBASE_RECAPTCHA: Type.Boolean({
    default: false,
    description:
      "Lets Google's reCAPTCHA run on the sign-in pages: needed for second factors by SMS, and if the project asks for it",
  }),

  MCP_TOKEN_SECRET: Type.String({
    minLength: 32,
    description: 'Signs MCP tokens (HS256), at least 32 characters, the same on every instance',
  }),
  MCP_TOKEN_PREVIOUS_SECRETS: Type.String({
    default: '',
    description: 'Earlier secrets that are still accepted during a rotation, comma-separated',
  }),
  MCP_TOKEN_TTL_SECONDS: Type.Integer({
    default: 86400,
    minimum: 60,
    maximum: 2592000,
    description: 'Lifetime of an MCP token',
  }),
  MCP_TOKEN_ISSUER: Type.String({ default: 'https://api.flowpos.app', description: 'iss of MCP tokens' }),
  MCP_TOKEN_AUDIENCE: Type.String({ default: 'flowpos-mcp', description: 'aud of MCP tokens' }),

  OAUTH_CLIENT_DOCUMENTS: Type.String({
    default: 'on',
    pattern: '^(on|off)$',
    description:
      'on: OAuth clients may name a document that the service fetches; off: they register, and the service needs no way to their hosts',
  }),

  WEBSITE_URL: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description: "The product's web site, which clients show beside the service",
    }),
  ),
  PRIVACY_URL: Type.Optional(Type.String({ pattern: '^https?://', description: 'Privacy policy, named on the pages' })),
  TERMS_URL: Type.Optional(Type.String({ pattern: '^https?://', description: 'Terms of service, named on the pages' })),
  SUPPORT_URL: Type.Optional(
    Type.String({ pattern: '^(https?://|mailto:)', description: 'Where merchants find help, named on the pages' }),
  ),
  OPENAI_APPS_CHALLENGE: Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,200}$',
      description: 'Token that proves the domain to OpenAI, answered at /.well-known/openai-apps-challenge',
    }),
  ),
  HOSTED_CLIENT_NETWORKS: Type.String({
    default: '',
    pattern: '^[0-9a-fA-F.:/, ]*$',
    description:
      "Networks from which hosted assistants register and refresh, as CIDR, comma-separated (Anthropic's is 160.79.104.0/21): they may do 20 times as much as one address",
  }),

  MCP_NEWEST_PROTOCOL: Type.String({
    default: '2026-07-28',
    pattern: '^(2026-07-28|2025-11-25)$',
    description: 'Newest protocol revision offered: 2026-07-28, or 2025-11-25 for clients that mix both up',
  }),
  TOKEN_RATE_LIMIT_PER_MINUTE: Type.Integer({
    default: 30,
    minimum: 1,
    description:
      'Refused credentials per minute, by network (an IPv4 address or an IPv6 /64) and by credential, over all instances',
  }),
  MCP_RATE_LIMIT_PER_MINUTE: Type.Integer({
    default: 6000,
    minimum: 1,
    description: 'Requests to /mcp per user or API key and minute, on each instance',
  }),
  MAX_EVENT_LOOP_DELAY_MS: Type.Integer({
    default: 500,
    minimum: 0,
    description: 'Mean delay of the event loop above which requests are answered with 503 and Retry-After; 0: never',
  }),
  MCP_STREAM_LIMIT: Type.Integer({
    default: 32,
    minimum: 1,
    description: 'Open live streams per user or API key, on each instance',
  }),
  MCP_STREAM_KEEP_ALIVE_SECONDS: Type.Integer({
    default: 15,
    minimum: 1,
    maximum: 300,
    description:
      'Seconds between keep-alive comments of a live stream; must be shorter than the idle timeout of any proxy',
  }),
})

export type Config = Static<typeof ConfigSchema>

/**
 * Reads and checks the settings.
 * @param env the environment; `.env` is read by the process entry, not here
 * @throws Error with a sentence for each wrong setting
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  // `NAME=` in a .env file means "not set".
  const data = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  return envSchema<Config>({ schema: ConfigSchema, data, env: false })
}

/** The parts of a comma-separated setting. */
export function listOf(setting: string | undefined): string[] {
  return (setting ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** The trusted proxies, as Fastify's option. Trusting all of them would let a client choose its own address. */
export function trustedProxies({
  TRUST_PROXY: setting,
}: Config): string[] | false | ((address: string, hop: number) => boolean) {
  if (setting === '0') return false
  return /^\d+$/.test(setting) ? (_address, hop) => hop < Number(setting) : listOf(setting)
}
