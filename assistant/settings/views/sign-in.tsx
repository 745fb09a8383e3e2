import { useEffect, useRef } from 'preact/hooks'
import { createSignInForm } from '../../sign-in/form.ts'
import type { Identity } from '../../sign-in/identity.ts'
import { TEXT } from '../texts.ts'

/** The sign-in of the page. What was typed in a view meanwhile stays there. */
export function SignIn(props: { identity: Identity; purpose: string; notice: string | undefined; isMain: boolean }) {
  const { identity, purpose, notice, isMain } = props
  const forms = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (forms.current === null || forms.current.childElementCount > 0) return
    createSignInForm(forms.current, identity, async () => undefined).start(notice, { isMain })
  }, [identity, notice, isMain])
  return (
    <section class="card narrow" aria-labelledby="sign-in-title">
      <h2 id="sign-in-title">{TEXT.signInTitle}</h2>
      <p class="hint">{purpose}</p>
      <div id="sign-in-forms" ref={forms} />
    </section>
  )
}
