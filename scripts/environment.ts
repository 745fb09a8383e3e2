import { ConfigSchema } from '../src/config.ts'

interface Setting {
  name: string
  description: string
  default: unknown
  required: boolean
}

/** Every setting of the configuration, in its order. */
function settings(): Setting[] {
  const required = new Set<string>(ConfigSchema.required)
  return Object.entries(ConfigSchema.properties).map(([name, schema]) => ({
    name,
    description: schema.description ?? '',
    default: schema.default,
    required: required.has(name) && schema.default === undefined,
  }))
}

const EXAMPLES: Record<string, string> = {
  PUBLIC_URL: 'https://api.flowpos.app',
  METRICS_PORT: '9090',
  DATABASE_URL: 'postgres://flowpos_mcp:password@localhost:5432/flowpos',
  MIGRATION_DATABASE_URL: 'postgres://flowpos_owner:password@localhost:5432/flowpos',
  REDIS_URL: 'redis://localhost:6379/0',
  FIREBASE_PROJECT_ID: 'flowpos',
  MCP_TOKEN_SECRET: '',
}
const SET = new Set(['DATABASE_URL', 'MIGRATION_DATABASE_URL', 'REDIS_URL', 'FIREBASE_PROJECT_ID', 'MCP_TOKEN_SECRET'])

/** The text of `.env.example`: required settings are empty, all others are commented out with their default. */
export function envExample(): string {
  const lines = settings().map(({ name, description, default: value }) => {
    const shown = EXAMPLES[name] ?? String(value ?? '')
    return `# ${description}\n${SET.has(name) ? '' : '# '}${name}=${shown}\n`
  })
  return `# Settings of the service. Copy to .env and fill in; generate a secret with: openssl rand -hex 32\n\n${lines.join('\n')}`
}

/** `docs/settings.md`. */
export function settingsPage(): string {
  const rows = settings().map(({ name, description, default: value, required }) => {
    const shown = required ? 'required' : value === undefined || value === '' ? '–' : `\`${String(value)}\``
    return `| \`${name}\` | ${shown} | ${description} |`
  })
  return `# Settings

Environment variables, which \`npm start\` also reads from \`.env\` in the folder where it is started;
[.env.example](../.env.example) is a template. With an invalid value the service does not start, and says which it is.
[deployment.md](deployment.md#what-to-set) says which settings almost every installation needs.

| Variable | Default | What it is |
|---|---|---|
${rows.join('\n')}
`
}
