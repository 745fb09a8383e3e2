import { type Config, listOf } from './config.ts'

/**
 * The reasons why a configuration must not be used in production; empty if there are none.
 * @param env the environment, for settings that libraries read by themselves
 */
export function productionProblems(config: Config, env: NodeJS.ProcessEnv): string[] {
  const problems: string[] = []
  const secrets = [config.MCP_TOKEN_SECRET, ...listOf(config.MCP_TOKEN_PREVIOUS_SECRETS)]
  if (secrets.some(isWeak)) {
    problems.push('MCP_TOKEN_SECRET is weak: use at least 32 random characters, for example `openssl rand -hex 32`')
  }
  if (config.DATABASE_URL === undefined) problems.push('DATABASE_URL is not set')
  if ([config.REDIS_URL, config.REDIS_HOST, config.REDIS_SENTINELS, config.REDIS_CLUSTER].every((part) => !part)) {
    problems.push('REDIS_URL (or REDIS_HOST, REDIS_SENTINELS or REDIS_CLUSTER) is not set')
  }
  if (env.FIREBASE_AUTH_EMULATOR_HOST !== undefined) {
    problems.push('FIREBASE_AUTH_EMULATOR_HOST is set: firebase-admin would accept unsigned tokens')
  }
  const { FIREBASE_PROJECT_ID: project, FIREBASE_SERVICE_ACCOUNT: account } = config
  if (project === undefined) problems.push('FIREBASE_PROJECT_ID is not set')
  else if (project.startsWith('demo-')) problems.push(`FIREBASE_PROJECT_ID ${project} is a demo project`)
  if (account !== undefined && !isServiceAccount(account)) {
    problems.push('FIREBASE_SERVICE_ACCOUNT is not the JSON of a service account')
  }
  return problems
}

/** Whether a secret is short, repetitive, or looks like a placeholder. */
function isWeak(secret: string): boolean {
  return secret.length < 32 || new Set(secret).size < 10 || /change[-_ ]?me|secret|example|password/i.test(secret)
}

function isServiceAccount(text: string): boolean {
  try {
    return (JSON.parse(text) as { type?: unknown }).type === 'service_account'
  } catch {
    return false
  }
}
