import type { InteractionDetails } from '../../src/oauth/interaction-details.ts'
import { byId, element } from '../dom.ts'
import { inLanguage, translate } from '../language.ts'
import { createSignInForm } from '../sign-in/form.ts'
import { createIdentity } from '../sign-in/identity.ts'
import { answer, offerAbort } from './answer.ts'

type Login = Extract<InteractionDetails, { prompt: 'login' }>

translate(
  inLanguage({
    en: {
      'sign-in-title': 'Sign in to FlowPOS',
      'sign-in-asks':
        ' wants to connect to your FlowPOS. You decide what it may do after you have signed in. Then your browser goes to ',
      'sign-in-cancel': 'Cancel the connection',
    },
    es: {
      'sign-in-title': 'Inicia sesión en FlowPOS',
      'sign-in-asks':
        ' quiere conectarse a tu FlowPOS. Tú decides qué podrá hacer después de iniciar sesión. Luego tu navegador va a ',
      'sign-in-cancel': 'Cancelar la conexión',
    },
  }),
)

const APPLICATION = inLanguage({
  en: { computer: ', an application on this computer', device: ', an application on this device' },
  es: { computer: ', una aplicación de esta computadora', device: ', una aplicación de este dispositivo' },
})

/** The merchant signs in. Nobody stays signed in with Firebase here: tills are shared. */
export function openSignIn(view: HTMLElement, { place: { host, kind }, signIn }: Login): void {
  byId('sign-in-destination', HTMLElement).replaceChildren(
    element('strong', {}, host),
    kind === 'site' ? '' : APPLICATION[kind],
  )
  const identity = createIdentity(signIn, { remember: false })
  const form = createSignInForm(byId('sign-in-forms', HTMLElement), identity, async () => {
    try {
      await answer('login', { firebaseIdToken: await identity.idToken() })
    } finally {
      await identity.signOut()
    }
  })
  form.start()
  offerAbort(view)
}
