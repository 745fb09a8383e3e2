import type { Scope } from '../auth/scopes.ts'

const SCOPE_WORDS: Record<Scope, string> = {
  'pos:read': 'See products, stock, orders and clients',
  'pos:write': 'Create and change products, stock, orders and clients',
  'reports:read': 'See sales and tax reports',
  'psa:read': 'See project boards and time sheets',
  'pos:intents': 'Summarize days and periods, the state of stock and of clients',
}

/** Who asks, in words for the merchant. */
export interface Asking {
  client: string
  /** Where the browser goes afterwards. */
  destination: string
}

/**
 * The page on which a merchant signs in.
 * @param signInUrl Identity Toolkit's signInWithPassword, with its key
 */
export function signInPage({ client, destination }: Asking, signInUrl: string): string {
  return page(
    'Sign in to FlowPOS',
    `<p><strong>${escapeHtml(client)}</strong> wants to connect to your FlowPOS. Afterwards your browser goes to
    <strong>${escapeHtml(destination)}</strong>.</p>
    <form id="sign-in" data-url="${escapeHtml(signInUrl)}">
      <label>Email <input name="email" type="email" autocomplete="username" required autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p role="alert" id="problem" hidden></p>
      <button>Sign in</button> <button type="button" class="plain" data-answer="abort">Cancel</button>
    </form>`,
  )
}

/** The page on which a signed-in merchant lets a client in, or not. */
export function consentPage({ client, destination }: Asking, businesses: string[], scopes: readonly Scope[]): string {
  const may =
    scopes.length === 0
      ? '<p>Your role in these businesses allows nothing of what it asks for.</p>'
      : `<p>It will be able to:</p><ul>${scopes.map((scope) => `<li>${SCOPE_WORDS[scope]} (${scope})</li>`).join('')}</ul>`
  const allow = scopes.length === 0 ? '' : '<button type="button" data-answer="confirm">Allow</button> '
  return page(
    'Connect to FlowPOS',
    `<p>Let <strong>${escapeHtml(client)}</strong> work with ${businesses.map((name) => `<strong>${escapeHtml(name)}</strong>`).join(', ')}?</p>
    ${may}
    <p>Your browser goes to <strong>${escapeHtml(destination)}</strong> next. Allow this only if you have just started it
    yourself. You can end the connection at any time in Settings → AI Assistant.</p>
    <p role="alert" id="problem" hidden></p>
    ${allow}<button type="button" class="plain" data-answer="abort">Do not allow</button>`,
  )
}

/** The page for what cannot go on. */
export function errorPage(problem: string): string {
  return page(
    'This did not work',
    `<p>${escapeHtml(problem)}</p><p>Go back to your assistant and start the connection again.</p>`,
  )
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title}</title>
  <link rel="stylesheet" href="/oauth/page.css">
  <script type="module" src="/oauth/page.js"></script>
</head>
<body><main><h1>${title}</h1>${body}</main></body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
