import { attempt, element } from '../dom.ts'
import { inLanguage } from '../language.ts'
import { SignInFailure, UNKNOWN_FACTOR } from './failures.ts'
import type { Identity, SecondFactor, SecondFactorRequest } from './identity.ts'

const TEXT = inLanguage({
  en: {
    email: 'Email',
    password: 'Password',
    signIn: 'Sign in',
    forgot: 'Forgot your password?',
    or: 'or',
    continueWith: (provider: string) => `Continue with ${provider}`,
    resetTitle: 'A new password',
    resetHint: 'Type the email address of your account. You get a link with which you choose a new password.',
    resetSend: 'Send the link',
    resetSent: (email: string) =>
      `If there is an account for ${email}, a message is on its way to it. Look into the spam folder, too.`,
    back: 'Back to sign-in',
    factorTitle: 'Second step',
    appHint: 'Type the code that your authenticator app shows.',
    smsHint: (phone: string) => `Type the code that was sent to ${phone}.`,
    smsAgain: 'Send a new code',
    code: 'Code',
    confirm: 'Continue',
    otherApp: (name: string) => `Use the authenticator app${name === '' ? '' : ` (${name})`}`,
    otherPhone: (name: string) => `Get a code by SMS (${name})`,
  },
  es: {
    email: 'Correo electrónico',
    password: 'Contraseña',
    signIn: 'Iniciar sesión',
    forgot: '¿Olvidaste tu contraseña?',
    or: 'o',
    continueWith: (provider: string) => `Continuar con ${provider}`,
    resetTitle: 'Una contraseña nueva',
    resetHint: 'Escribe el correo de tu cuenta. Recibirás un enlace con el que eliges una contraseña nueva.',
    resetSend: 'Enviar el enlace',
    resetSent: (email: string) =>
      `Si hay una cuenta para ${email}, le llegará un mensaje. Mira también en la carpeta de spam.`,
    back: 'Volver al inicio de sesión',
    factorTitle: 'Segundo paso',
    appHint: 'Escribe el código que muestra tu aplicación de autenticación.',
    smsHint: (phone: string) => `Escribe el código que se envió a ${phone}.`,
    smsAgain: 'Enviar otro código',
    code: 'Código',
    confirm: 'Continuar',
    otherApp: (name: string) => `Usar la aplicación de autenticación${name === '' ? '' : ` (${name})`}`,
    otherPhone: (name: string) => `Recibir un código por SMS (${name})`,
  },
})

const PROVIDER_NAMES: Record<string, string> = {
  'google.com': 'Google',
  'apple.com': 'Apple',
  'microsoft.com': 'Microsoft',
  'facebook.com': 'Facebook',
  'github.com': 'GitHub',
  'twitter.com': 'X (Twitter)',
  'yahoo.com': 'Yahoo',
}

export interface SignInForm {
  /**
   * Begins anew.
   * @param notice a sentence above the form
   * @param options.isMain whether the page is for signing in, so that the cursor goes into the first field
   */
  start(notice?: string, options?: { isMain?: boolean }): void
}

/**
 * Everything with which a person signs in: password, providers, second factor, forgotten password.
 * @param place where the forms go
 * @param signedIn runs when the person is signed in; if it fails, the form says why
 */
export function createSignInForm(place: HTMLElement, identity: Identity, signedIn: () => Promise<void>): SignInForm {
  const hasPassword = identity.providers.includes('password')
  const notice = element('p', { className: 'warning', hidden: true })
  notice.setAttribute('role', 'status')
  const main = element('form', { id: 'sign-in-form' })
  const reset = element('form', { id: 'reset-form' })
  const factor = element('form', { id: 'factor-form' })

  const email = input('email', { type: 'email', autocomplete: 'username' })
  const password = input('password', { type: 'password', autocomplete: 'current-password' })
  const resetEmail = input('reset-email', { type: 'email', autocomplete: 'username' })

  fillMain()
  fillReset()

  function fillMain(): void {
    const problem = problemOf('sign-in-problem')
    const forgot = button(TEXT.forgot, 'link')
    const others = identity.providers
      .filter((provider) => provider !== 'password')
      .map((provider) => {
        const other = button(TEXT.continueWith(PROVIDER_NAMES[provider] ?? provider.replace(/^(oidc|saml)\./, '')))
        other.addEventListener('click', () => run(() => identity.signInWith(provider)))
        return other
      })
    if (hasPassword) {
      main.append(
        ...labelled(TEXT.email, email),
        ...labelled(TEXT.password, password),
        problem,
        submit(TEXT.signIn),
        forgot,
      )
      if (others.length > 0) main.append(element('p', { className: 'or' }, element('span', {}, TEXT.or)))
    } else {
      main.append(problem)
    }
    main.append(element('div', { className: 'providers' }, ...others))

    main.addEventListener('submit', (event) => {
      event.preventDefault()
      run(() => identity.signIn(email.value.trim(), password.value))
    })
    main.addEventListener('input', () => markWrong(false))
    forgot.addEventListener('click', () => {
      resetEmail.value = email.value
      show(reset)
    })

    function run(begin: () => Promise<SecondFactorRequest | null>): void {
      markWrong(false)
      void attempt(main, async () => {
        try {
          const request = await begin()
          if (request === null) await finish()
          else await askFactor(request)
        } catch (error) {
          if (error instanceof SignInFailure && error.isWrongPassword) markWrong(true)
          throw error
        }
      })
    }

    /** Says of the fields, too, that they are wrong, and lets the person type again. */
    function markWrong(isWrong: boolean): void {
      for (const field of [email, password]) {
        if (isWrong) {
          field.setAttribute('aria-invalid', 'true')
          field.setAttribute('aria-describedby', problem.id)
        } else {
          field.removeAttribute('aria-invalid')
          field.removeAttribute('aria-describedby')
        }
      }
      if (isWrong) password.select()
    }
  }

  function fillReset(): void {
    const sent = element('p', { className: 'success', hidden: true })
    sent.setAttribute('role', 'status')
    reset.append(
      heading(TEXT.resetTitle),
      element('p', {}, TEXT.resetHint),
      ...labelled(TEXT.email, resetEmail),
      problemOf('reset-problem'),
      sent,
      submit(TEXT.resetSend),
      backButton(),
    )
    reset.addEventListener('input', () => {
      sent.hidden = true
    })
    reset.addEventListener('submit', (event) => {
      event.preventDefault()
      sent.hidden = true
      void attempt(reset, async () => {
        const address = resetEmail.value.trim()
        await identity.forgotPassword(address)
        sent.textContent = TEXT.resetSent(address)
        sent.hidden = false
      })
    })
  }

  async function askFactor({ factors, prepare, finish: confirm }: SecondFactorRequest, chosen?: SecondFactor) {
    // An app answers at once, and costs nothing.
    const current = chosen ?? factors.find(({ kind }) => kind === 'totp') ?? factors[0]
    if (current === undefined) throw new Error(UNKNOWN_FACTOR)
    await prepare(current)

    const code = input('factor-code', { autocomplete: 'one-time-code', inputMode: 'numeric' })
    code.setAttribute('aria-describedby', 'factor-hint factor-problem')
    const again = (label: string, next: SecondFactor) => {
      const other = button(label, 'link')
      other.addEventListener(
        'click',
        () => void attempt(factor, () => askFactor({ factors, prepare, finish: confirm }, next)),
      )
      return other
    }
    factor.replaceChildren(
      heading(TEXT.factorTitle),
      element('p', { id: 'factor-hint' }, current.kind === 'totp' ? TEXT.appHint : TEXT.smsHint(current.name)),
      ...labelled(TEXT.code, code),
      problemOf('factor-problem'),
      submit(TEXT.confirm),
      ...(current.kind === 'phone' ? [again(TEXT.smsAgain, current)] : []),
      ...factors
        .filter((other) => other !== current)
        .map((other) => again(other.kind === 'totp' ? TEXT.otherApp(other.name) : TEXT.otherPhone(other.name), other)),
      backButton(),
    )
    factor.onsubmit = (event) => {
      event.preventDefault()
      code.removeAttribute('aria-invalid')
      void attempt(factor, async () => {
        try {
          await confirm(current, code.value.replace(/\s/g, ''))
        } catch (error) {
          code.setAttribute('aria-invalid', 'true')
          code.select()
          throw error
        }
        await finish()
      })
    }
    show(factor)
  }

  async function finish(): Promise<void> {
    await signedIn()
    main.reset()
    notice.hidden = true
  }

  function backButton(): HTMLButtonElement {
    const back = button(TEXT.back, 'link')
    back.addEventListener('click', () => show(main))
    return back
  }

  function show(step: HTMLFormElement, takesFocus = true): void {
    for (const message of step.querySelectorAll<HTMLElement>('.problem, .success')) message.hidden = true
    place.replaceChildren(notice, step)
    if (takesFocus) step.querySelector<HTMLElement>('input, button')?.focus()
  }

  return {
    start(sentence = '', { isMain = true } = {}) {
      main.reset()
      notice.textContent = sentence
      notice.hidden = sentence === ''
      show(main, isMain)
    },
  }
}

function input(id: string, properties: Partial<HTMLInputElement>): HTMLInputElement {
  return element('input', { id, required: true, ...properties })
}

function labelled(label: string, field: HTMLInputElement): [HTMLElement, HTMLElement] {
  return [element('label', { htmlFor: field.id }, label), field]
}

function heading(text: string): HTMLElement {
  return element('h2', {}, text)
}

function problemOf(id: string): HTMLElement {
  const problem = element('p', { id, className: 'problem', hidden: true })
  problem.setAttribute('role', 'alert')
  return problem
}

function submit(label: string): HTMLButtonElement {
  return element('button', { type: 'submit', className: 'primary' }, label)
}

function button(label: string, className = ''): HTMLButtonElement {
  return element('button', { type: 'button', className }, label)
}
