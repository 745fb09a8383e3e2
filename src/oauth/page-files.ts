/** The script of the pages: signs in with Firebase, posts answers, and follows where they lead. */
export const PAGE_SCRIPT = `const problem = document.getElementById('problem')
const form = document.getElementById('sign-in')

async function post(url, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { ok: response.ok, answer: await response.json() }
}

async function attempt(work) {
  const buttons = document.querySelectorAll('button')
  problem.hidden = true
  for (const button of buttons) button.disabled = true
  try {
    location.assign(await work())
  } catch (error) {
    problem.textContent = error instanceof TypeError ? 'There is no connection. Try again.' : error.message
    problem.hidden = false
    for (const button of buttons) button.disabled = false
  }
}

async function answer(name, body = {}) {
  const { ok, answer } = await post(location.pathname + '/' + name, body)
  if (!ok) throw new Error(answer.message)
  return answer.redirectTo
}

form?.addEventListener('submit', (event) => {
  event.preventDefault()
  attempt(async () => {
    const { email, password } = Object.fromEntries(new FormData(form))
    const { ok, answer: identity } = await post(form.dataset.url, { email, password, returnSecureToken: true })
    if (!ok) throw new Error('Email or password is wrong, or the account is switched off.')
    if (identity.idToken === undefined) throw new Error('Accounts with a second factor cannot sign in here yet.')
    return answer('login', { firebaseIdToken: identity.idToken })
  })
})
for (const button of document.querySelectorAll('[data-answer]')) {
  button.addEventListener('click', () => attempt(() => answer(button.dataset.answer)))
}
`

export const PAGE_STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 28rem; margin: 10vh auto; padding: 0 1.25rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; }
label { display: block; margin-bottom: 1rem; }
input { display: block; width: 100%; box-sizing: border-box; padding: 0.6rem; font: inherit; }
button { padding: 0.6rem 1.25rem; font: inherit; border: 1px solid #0b6b4f; border-radius: 0.4rem; background: #0b6b4f; color: #fff; cursor: pointer; }
button.plain { background: none; color: inherit; }
button:disabled { opacity: 0.5; cursor: default; }
[role="alert"] { color: light-dark(#a8261c, #ff9c92); }
`
