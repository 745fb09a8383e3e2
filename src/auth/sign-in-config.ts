import { type Config, listOf } from '../config.ts'
import type { SignIn } from './sign-in.ts'

type SignInConfig = Pick<
  Config,
  | 'FIREBASE_API_KEY'
  | 'FIREBASE_AUTH_DOMAIN'
  | 'FIREBASE_PROJECT_ID'
  | 'FIREBASE_RECAPTCHA'
  | 'FIREBASE_SIGN_IN_PROVIDERS'
>

/**
 * How people sign in on the pages.
 * @param identityUrl a development issuer in Firebase's place
 * @returns null if the operator has not configured it
 */
export function signInOf(config: SignInConfig, identityUrl: string | undefined): SignIn | null {
  if (missingForSignIn(config, identityUrl).length > 0) return null
  return {
    apiKey: config.FIREBASE_API_KEY ?? 'development',
    projectId: config.FIREBASE_PROJECT_ID ?? null,
    authDomain: config.FIREBASE_AUTH_DOMAIN ?? null,
    providers: offered(config),
    recaptcha: config.FIREBASE_RECAPTCHA,
    identityUrl: identityUrl ?? null,
  }
}

/** The settings that the sign-in on the pages still lacks. */
export function missingForSignIn(config: SignInConfig, identityUrl: string | undefined): string[] {
  const missing = config.FIREBASE_API_KEY === undefined && identityUrl === undefined ? ['FIREBASE_API_KEY'] : []
  return offered(config).length > 0 ? missing : [...missing, 'FIREBASE_AUTH_DOMAIN']
}

/** The settings without which no client can sign in by itself. A development issuer serves this machine alone. */
export function missingForOAuth(
  config: SignInConfig & Pick<Config, 'PUBLIC_URL'>,
  identityUrl: string | undefined,
): string[] {
  const missing = missingForSignIn(config, identityUrl)
  return config.PUBLIC_URL !== undefined || identityUrl !== undefined ? missing : ['PUBLIC_URL', ...missing]
}

/** All but the password need a pop-up of the auth domain. */
function offered({ FIREBASE_SIGN_IN_PROVIDERS, FIREBASE_AUTH_DOMAIN }: SignInConfig): string[] {
  const providers = [...new Set(listOf(FIREBASE_SIGN_IN_PROVIDERS))]
  return FIREBASE_AUTH_DOMAIN === undefined ? providers.filter((provider) => provider === 'password') : providers
}
