import { ServiceError } from '../errors.ts'
import { errors } from './oidc-provider.ts'
import { NotPublic } from './public-fetch.ts'

const LANGUAGES = ['en', 'es'] as const
export type Language = (typeof LANGUAGES)[number]

export const PROBLEM_TITLE: Record<Language, string> = { en: 'This did not work', es: 'Esto no funcionó' }

/** What oidc-provider's errors have in common. */
export interface ProviderError extends Error {
  error?: string
  error_description?: string | undefined
  /** For the log only. */
  error_detail?: string | undefined
}

/** The language of a page, by the request's Accept-Language. */
export function languageOf(context: { acceptsLanguages(languages: string[]): string | false }): Language {
  const best = context.acceptsLanguages([...LANGUAGES])
  return LANGUAGES.find((language) => language === best) ?? 'en'
}

/**
 * What to tell a merchant whose sign-in cannot go on: what happened, and what to do.
 * @param requestId finds the reason in the log
 */
export function describeProblem(problem: Error, language: Language, requestId: string): string {
  const sentence = PROBLEMS.find(([applies]) => applies(problem))?.[1] ?? UNKNOWN
  const { error_description: description = '' } = problem as ProviderError
  return sentence[language].replace('{reason}', () => description.slice(0, 200)).replace('{id}', requestId)
}

const is = (error: string) => (problem: ProviderError) => problem.error === error
const describedAs = (pattern: RegExp) => (problem: ProviderError) => pattern.test(problem.error_description ?? '')
const failsWith = (code: ServiceError['code']) => (problem: Error) =>
  [problem, problem.cause].some((error) => error instanceof ServiceError && error.code === code)

const EXPIRED = {
  en: 'This sign-in has expired or was finished already. Go back to your assistant and start the connection again.',
  es: 'Este inicio de sesión venció o ya se completó. Vuelve a tu asistente e inicia la conexión de nuevo.',
}
const UNKNOWN = {
  en: 'Something went wrong in FlowPOS. Go back to your assistant and start the connection again. If it fails again, give support this number: {id}',
  es: 'Algo falló en FlowPOS. Vuelve a tu asistente e inicia la conexión de nuevo. Si vuelve a fallar, da este número a soporte: {id}',
}

/** The first that applies counts. */
const PROBLEMS: [applies: (problem: Error) => boolean, Record<Language, string>][] = [
  [
    failsWith('unavailable'),
    {
      en: 'FlowPOS is not available at the moment. Wait a few seconds, then reload this page.',
      es: 'FlowPOS no está disponible en este momento. Espera unos segundos y vuelve a cargar esta página.',
    },
  ],
  [
    failsWith('rate_limited'),
    {
      en: 'Too many connections were started from your network. Wait a minute, then reload this page.',
      es: 'Se iniciaron demasiadas conexiones desde tu red. Espera un minuto y vuelve a cargar esta página.',
    },
  ],
  [
    failsWith('forbidden'),
    {
      en: 'You have no active membership in any business of FlowPOS. Ask an owner of the business to add you, then start the connection again in your assistant.',
      es: 'No perteneces a ningún negocio activo en FlowPOS. Pide a un propietario del negocio que te agregue e inicia la conexión de nuevo en tu asistente.',
    },
  ],
  [failsWith('not_found'), EXPIRED],
  [(problem) => problem instanceof errors.SessionNotFound, EXPIRED],
  [
    describedAs(/^client_id metadata documents are switched off/),
    {
      en: 'Your assistant has to register with this FlowPOS, and tried another way that is not offered here. Remove FlowPOS from your assistant, and add it again. If that does not help, tell whoever runs FlowPOS that OAUTH_CLIENT_DOCUMENTS is off.',
      es: 'Tu asistente debe registrarse en este FlowPOS e intentó otra forma que aquí no se ofrece. Quita FlowPOS de tu asistente y vuelve a agregarlo. Si no ayuda, avisa a quien administra FlowPOS que OAUTH_CLIENT_DOCUMENTS está en off.',
    },
  ],
  [
    (problem) =>
      problem.cause instanceof NotPublic || describedAs(/^client_id metadata document fetch not allowed/)(problem),
    {
      en: 'The address by which your assistant names itself is not a public one, so FlowPOS cannot look up who it is. Tell its makers.',
      es: 'La dirección con la que tu asistente se identifica no es pública, por eso FlowPOS no puede averiguar quién es. Informa a sus creadores.',
    },
  ],
  [
    describedAs(/^client_id metadata document fetch failed/),
    {
      en: 'FlowPOS could not fetch the description that your assistant publishes of itself. Wait a minute and start the connection again in your assistant. If it fails again, tell whoever runs FlowPOS that its server does not reach that address.',
      es: 'FlowPOS no pudo obtener la descripción que tu asistente publica de sí mismo. Espera un minuto e inicia la conexión de nuevo en tu asistente. Si vuelve a fallar, avisa a quien administra FlowPOS que el servidor no llega a esa dirección.',
    },
  ],
  [
    (problem) =>
      problem instanceof errors.InvalidClientMetadata ||
      describedAs(/metadata document|^client is not allowed/)(problem),
    {
      en: 'The description that your assistant publishes of itself is not valid, so FlowPOS cannot let it in. Update your assistant. If that does not help, tell its makers: {reason}',
      es: 'La descripción que tu asistente publica de sí mismo no es válida, por eso FlowPOS no puede admitirlo. Actualiza tu asistente. Si no ayuda, informa a sus creadores: {reason}',
    },
  ],
  [
    is('invalid_client'),
    {
      en: 'FlowPOS does not know your assistant any more, perhaps because it was not used for a long time. Remove FlowPOS from your assistant, and add it again.',
      es: 'FlowPOS ya no conoce a tu asistente, quizá porque no se usó durante mucho tiempo. Quita FlowPOS de tu asistente y vuelve a agregarlo.',
    },
  ],
  [
    is('invalid_redirect_uri'),
    {
      en: 'Your assistant wants you to be sent to an address that it did not register (redirect_uri), so you were not sent there. Remove FlowPOS from your assistant, and add it again.',
      es: 'Tu asistente quiere enviarte a una dirección que no registró (redirect_uri), por eso no se te envió allí. Quita FlowPOS de tu asistente y vuelve a agregarlo.',
    },
  ],
  [
    is('invalid_target'),
    {
      en: 'Your assistant asks for access to another address than that of FlowPOS (resource). Compare the address in your assistant with the one in FlowPOS, Settings → AI Assistant, and start the connection again.',
      es: 'Tu asistente pide acceso a una dirección que no es la de FlowPOS (resource). Compara la dirección en tu asistente con la que muestra FlowPOS en Configuración → Asistente de IA e inicia la conexión de nuevo.',
    },
  ],
  [
    describedAs(/PKCE|code_challenge/),
    {
      en: 'Your assistant does not protect the sign-in as FlowPOS requires (PKCE with S256). Update your assistant, and start the connection again.',
      es: 'Tu asistente no protege el inicio de sesión como FlowPOS lo exige (PKCE con S256). Actualiza tu asistente e inicia la conexión de nuevo.',
    },
  ],
  [
    is('access_denied'),
    {
      en: 'The connection was not allowed. If you want it after all, start it again in your assistant.',
      es: 'La conexión no se permitió. Si la quieres de todos modos, iníciala de nuevo en tu asistente.',
    },
  ],
  [
    ({ error }: ProviderError) => error !== undefined && error !== 'server_error',
    {
      en: 'FlowPOS does not understand what your assistant asks for. Update your assistant, and start the connection again. If that does not help, tell its makers: {reason}',
      es: 'FlowPOS no entiende lo que tu asistente pide. Actualiza tu asistente e inicia la conexión de nuevo. Si no ayuda, informa a sus creadores: {reason}',
    },
  ],
]
