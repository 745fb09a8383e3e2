import { byId } from '../dom.ts'
import { inLanguage, translate } from '../language.ts'
import { createSignInForm, type SignInForm } from '../sign-in/form.ts'
import type { Identity } from '../sign-in/identity.ts'

translate(
  inLanguage({
    en: {
      loading: 'Loading…',
      'page-title': 'AI Assistant · FlowPOS',
      title: 'AI Assistant',
      lead: 'Let Claude, Cursor, ChatGPT, Gemini and others answer questions about your business.',
      'nav-token': 'Token',
      'nav-keys': 'API keys',
      'sign-out': 'Sign out',
      'sign-in-title': 'Sign in',
      'sign-in-hint': 'Use your FlowPOS account.',
      'unconfigured-title': 'Sign-in is not configured',
      unconfigured:
        'Nobody can sign in here yet. The operator sets FIREBASE_API_KEY (for sign-in without passwords, FIREBASE_AUTH_DOMAIN, too) and restarts the service.',
    },
    es: {
      loading: 'Cargando…',
      'page-title': 'Asistente de IA · FlowPOS',
      title: 'Asistente de IA',
      lead: 'Deja que Claude, Cursor, ChatGPT, Gemini y otros respondan preguntas sobre tu negocio.',
      'nav-token': 'Token',
      'nav-keys': 'Claves de API',
      'sign-out': 'Cerrar sesión',
      'sign-in-title': 'Inicia sesión',
      'sign-in-hint': 'Usa tu cuenta de FlowPOS.',
      'unconfigured-title': 'El inicio de sesión no está configurado',
      unconfigured:
        'Aquí todavía nadie puede iniciar sesión. El operador define FIREBASE_API_KEY (sin contraseñas, también FIREBASE_AUTH_DOMAIN) y reinicia el servicio.',
    },
  }),
)

/** The view in which the merchant signs in. */
export function createSignIn(identity: Identity): SignInForm {
  return createSignInForm(byId('sign-in-forms', HTMLElement), identity, async () => {})
}
