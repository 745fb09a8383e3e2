import { inLanguage } from './language.ts'

/** A refusal of the service. */
export interface ServiceError {
  code?: string
  /** In English. */
  message: string
}

const WORDS: Record<string, string> = inLanguage({
  en: {
    forbidden:
      'You are not a member of any business. Ask an owner of the business to add you, or to restore your access.',
    rate_limited: 'Too many attempts. Wait a minute and try again.',
    unauthenticated: 'This sign-in is not valid any more. Sign in again.',
    unavailable: 'FlowPOS does not answer at the moment. Try again in a few seconds.',
  },
  es: {
    forbidden: 'No perteneces a ningún negocio. Pide a un propietario que te agregue o que te devuelva el acceso.',
    rate_limited: 'Demasiados intentos. Espera un minuto y vuelve a intentarlo.',
    unauthenticated: 'Este inicio de sesión ya no es válido. Inicia sesión de nuevo.',
    unavailable: 'FlowPOS no responde en este momento. Vuelve a intentarlo en unos segundos.',
  },
})

/** What the page says when the service cannot be reached at all. */
export const NO_CONNECTION = inLanguage({
  en: 'FlowPOS cannot be reached. Check your connection and try again.',
  es: 'No se puede conectar con FlowPOS. Revisa tu conexión y vuelve a intentarlo.',
})

/** What Spanish pages say of a refusal that they have no words for; English ones show the service's own sentence. */
const OTHER = inLanguage<string | undefined>({
  en: undefined,
  es: 'FlowPOS no pudo hacerlo. Vuelve a intentarlo; si vuelve a fallar, pide ayuda a soporte.',
})

/**
 * A refusal of somebody who signs in, in their language.
 * @param own words for further codes
 */
export function signInWords({ code = '', message }: ServiceError, own: Record<string, string> = {}): string {
  return own[code] ?? WORDS[code] ?? OTHER ?? message
}

/** The same for who is signed in. */
const REFUSALS: Record<string, string> = inLanguage<Record<string, string>>({
  en: {},
  es: {
    forbidden: 'No tienes permiso para esto en este negocio.',
    not_found: 'Eso ya no existe. Vuelve a cargar la página.',
    conflict: 'No se puede: ya hay demasiados, o alguien lo cambió antes. Vuelve a cargar la página.',
    invalid_argument: 'Algo de lo que escribiste no es válido.',
  },
})

/** A refusal of somebody who is signed in, in their language. */
export function serviceWords({ code = '', message }: ServiceError): string {
  const general = code === 'forbidden' ? undefined : WORDS[code]
  return REFUSALS[code] ?? general ?? OTHER ?? (message === '' ? (WORDS.unavailable as string) : message)
}
