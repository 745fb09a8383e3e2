import { inLanguage } from '../language.ts'

/** What a person can do about a failed sign-in, or who else has to. */
const WORDS = inLanguage({
  en: {
    wrongPassword: 'Email or password is wrong.',
    noEmail: 'This is not an email address.',
    switchedOff: 'This account is switched off. Ask an owner of the business.',
    tooMany: 'Too many attempts. Wait a few minutes and try again.',
    away: 'The sign-in service does not answer. Check your connection, or try again in a few minutes.',
    popUpBlocked: 'The browser blocked the sign-in window. Allow pop-ups for this page and try again.',
    popUpClosed: 'The sign-in window was closed before the sign-in was complete.',
    storageBlocked:
      'The browser keeps the sign-in window from answering. Allow cookies for it, or use another browser.',
    otherProvider: 'This account signs in in another way. Use the one that you chose at first.',
    wrongCode: 'This code is wrong. Try again with the newest one.',
    codeExpired: 'This code has expired, or it took too long. Go back and sign in again.',
    unknownFactor: 'This page does not know your second factor. Ask the operator of FlowPOS.',
    sessionExpired: 'Your session has expired. Sign in again.',
    notEnabled: 'This way to sign in is not switched on. Choose another one, or ask the operator of FlowPOS.',
    key: 'The sign-in service refuses the web API key of this page. That is for the operator of FlowPOS to mend.',
    domain: 'The sign-in service does not know the address of this page. That is for the operator of FlowPOS to mend.',
    robots: 'The check against robots did not work. Try again; if it stays so, ask the operator of FlowPOS.',
    noRobotCheck: 'Codes by SMS are not set up on this page. That is for the operator of FlowPOS to mend.',
    other: 'The sign-in did not work. Try again in a few minutes; if it stays so, ask the operator of FlowPOS.',
  },
  es: {
    wrongPassword: 'El correo o la contraseña no son correctos.',
    noEmail: 'Esto no es una dirección de correo.',
    switchedOff: 'Esta cuenta está desactivada. Pregunta a un propietario del negocio.',
    tooMany: 'Demasiados intentos. Espera unos minutos y vuelve a intentarlo.',
    away: 'El servicio de inicio de sesión no responde. Revisa tu conexión o vuelve a intentarlo en unos minutos.',
    popUpBlocked:
      'El navegador bloqueó la ventana de inicio de sesión. Permite las ventanas emergentes de esta página y vuelve a intentarlo.',
    popUpClosed: 'La ventana se cerró antes de terminar el inicio de sesión.',
    storageBlocked:
      'El navegador no deja responder a la ventana de inicio de sesión. Permite sus cookies o usa otro navegador.',
    otherProvider: 'Esta cuenta inicia sesión de otra forma. Usa la que elegiste al principio.',
    wrongCode: 'Este código no es correcto. Vuelve a intentarlo con el más reciente.',
    codeExpired: 'El código caducó o pasó demasiado tiempo. Vuelve atrás e inicia sesión de nuevo.',
    unknownFactor: 'Esta página no conoce tu segundo factor. Pregunta al operador de FlowPOS.',
    sessionExpired: 'Tu sesión ha caducado. Inicia sesión de nuevo.',
    notEnabled: 'Esta forma de iniciar sesión no está activada. Elige otra o pregunta al operador de FlowPOS.',
    key: 'El servicio de inicio de sesión rechaza la clave de API de esta página. Debe corregirlo el operador de FlowPOS.',
    domain:
      'El servicio de inicio de sesión no conoce la dirección de esta página. Debe corregirlo el operador de FlowPOS.',
    robots:
      'La comprobación contra robots no funcionó. Vuelve a intentarlo; si sigue igual, pregunta al operador de FlowPOS.',
    noRobotCheck: 'Los códigos por SMS no están configurados en esta página. Debe corregirlo el operador de FlowPOS.',
    other:
      'El inicio de sesión no funcionó. Vuelve a intentarlo en unos minutos; si sigue igual, pregunta al operador de FlowPOS.',
  },
})

type Reason = keyof typeof WORDS

/** The first pattern that fits the code of Firebase. Some codes are made from whole sentences of Google's servers. */
const REASONS: [RegExp, Reason][] = [
  [/^(invalid-credential|wrong-password|user-not-found|invalid-login-credentials|missing-password)$/, 'wrongPassword'],
  [/^(invalid|missing)-email$/, 'noEmail'],
  [/^user-disabled$/, 'switchedOff'],
  [/^(too-many-requests|quota-exceeded)$/, 'tooMany'],
  [
    /^(network-request-failed|timeout|internal|internal-error-encountered\.?|deadline-exceeded)$|unavailable\.?$/,
    'away',
  ],
  [/^popup-blocked$/, 'popUpBlocked'],
  [/^(popup-closed-by-user|user-cancelled|cancelled-popup-request)$/, 'popUpClosed'],
  [/^web-storage-unsupported$/, 'storageBlocked'],
  [/^(account-exists-with-different-credential|email-already-in-use|credential-already-in-use)$/, 'otherProvider'],
  [/^(invalid|missing)-verification-code$/, 'wrongCode'],
  [/^(code-expired|totp-challenge-timeout|(invalid|missing)-(verification-id|multi-factor-session))$/, 'codeExpired'],
  [/^(unsupported-first-factor|multi-factor-info-not-found|missing-multi-factor-info)$/, 'unknownFactor'],
  [/^(user-token-expired|invalid-user-token|user-mismatch|requires-recent-login)$/, 'sessionExpired'],
  [/^(operation-not-allowed|admin-restricted-operation|configuration-not-found)$/, 'notEnabled'],
  [/^(unauthorized-domain|auth-domain-config-required)$/, 'domain'],
  [/^(invalid-api-key|api-key-not-valid|api-key-expired|app-not-authorized|requests-(from|to))/, 'key'],
  [/^(missing-recaptcha-token|recaptcha-not-enabled)$/, 'noRobotCheck'],
  [/recaptcha|captcha-check-failed|invalid-app-credential/, 'robots'],
]

/** A failed sign-in, in words for the person who tried. */
export class SignInFailure extends Error {
  /** Firebase's code. */
  readonly code: string
  /** Whether email and password do not belong together. */
  readonly isWrongPassword: boolean

  /**
   * @param cause the error of Firebase
   * @param provider whose pop-up was used, if one was
   */
  constructor(cause: unknown, provider?: string) {
    const code = codeOf(cause)
    const reason = reasonOf(code.replace(/^auth\//, ''), provider !== undefined)
    super(WORDS[reason], { cause })
    this.code = code
    this.isWrongPassword = reason === 'wrongPassword'
    // For whoever has to mend it: the page itself shows no codes.
    if (reason === 'other') console.warn(cause)
  }
}

function reasonOf(code: string, isPopUp: boolean): Reason {
  const found = REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? 'other'
  if (!isPopUp) return found
  // Firebase says so when Google's script for pop-ups cannot be loaded.
  if (code === 'internal-error') return 'away'
  return found === 'wrongPassword' ? 'other' : found
}

/** Firebase's code of an error. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '')
}

/** What a page says when the session of somebody who was signed in is over. */
export const SESSION_EXPIRED = WORDS.sessionExpired

/** What a page says when its second factors are all unknown. */
export const UNKNOWN_FACTOR = WORDS.unknownFactor
