import type { Greeting } from './greeting.ts'

/** What a demo prints when it is ready. */
export interface DemoFacts {
  mcpUrl: string
  settingsUrl: string
  identityUrl: string
  users: readonly {
    email: string
    password: string
    role: string
    businesses: readonly { id: string; name: string }[]
  }[]
  apiKey: string
  operatorKey: string
}

/** The same for people: addresses, logins, and commands that can be copied as they are. */
export function welcome(
  { mcpUrl, settingsUrl, identityUrl, users, apiKey, operatorKey }: DemoFacts,
  { user, business, question, arguments: args }: Greeting,
): string {
  const origin = new URL(mcpUrl).origin
  const logins = users.map(
    ({ email, password, role, businesses }) =>
      `  ${email} / ${password}  ${role} of ${businesses.map(({ name }) => name).join(' and ')}`,
  )
  return `
FlowPOS MCP is ready.

MCP endpoint   ${mcpUrl}
AI Assistant   ${settingsUrl}
Docs           ${origin}/docs
Sign-in        ${identityUrl}

Logins
${logins.join('\n')}

API key        ${apiKey}
Operator key   ${operatorKey}

Sign in and exchange for a token:
  FIREBASE_ID_TOKEN=$(curl -s '${identityUrl}/v1/accounts:signInWithPassword?key=demo' \\
    -H 'Content-Type: application/json' \\
    -d '{"email":"${user.email}","password":"${user.password}","returnSecureToken":true}' \\
    | node -pe 'JSON.parse(require("fs").readFileSync(0)).idToken')
  TOKEN=$(curl -s -X POST ${origin}/mcp/token -H 'Content-Type: application/json' \\
    -d "{\\"firebaseIdToken\\": \\"$FIREBASE_ID_TOKEN\\"}" \\
    | node -pe 'JSON.parse(require("fs").readFileSync(0)).accessToken')

Ask ${question} at ${business}:
  curl -s -X POST ${mcpUrl} -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"summarize_day","arguments":${JSON.stringify(args)}}}'

Ctrl-C stops everything.`
}
