import diagnostics from 'node:diagnostics_channel'
import Fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Issuer, startIssuer } from '../../../embedded/issuer.ts'
import firebase from '../../../plugins/auth/firebase.ts'
import { loadConfig } from '../../../src/config.ts'

const PROJECT = 'flowpos-test'
let issuer: Issuer
const apps: { close(): Promise<unknown> }[] = []

const start = () =>
  startIssuer({
    projectId: PROJECT,
    users: [{ uid: 'ana', email: 'ana@example.com', password: 'password' }],
    keyMaxAgeSeconds: 3600,
  })

beforeEach(async () => {
  issuer = await start()
})
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()))
  await issuer.stop()
})

async function verifier(of = issuer) {
  const app = Fastify()
  apps.push(app)
  const config = loadConfig({ MCP_TOKEN_SECRET: 'x'.repeat(32) })
  await app.register(firebase, { config, clock: () => new Date(), appOptions: of.firebaseOptions() })
  await app.ready()
  return app.firebase
}

describe('the key endpoint', () => {
  it('is asked once at start, and not again for many sign-ins at a time', async () => {
    const paths: string[] = []
    const note = (message: unknown) => {
      paths.push((message as { request: { url: string } }).request.url)
    }
    diagnostics.subscribe('http.server.request.start', note)
    try {
      const { verify } = await verifier()
      const token = issuer.issueToken('ana')
      await Promise.all(Array.from({ length: 20 }, () => verify(token)))
      expect(paths.filter((path) => path.startsWith('/robot/'))).toHaveLength(1)
      expect(paths.filter((path) => path.endsWith('accounts:lookup'))).toHaveLength(20)
    } finally {
      diagnostics.unsubscribe('http.server.request.start', note)
    }
  })

  it("being down or hanging is not the token's fault: unavailable, within six seconds", async () => {
    const refuses = async (state: 503 | 'hang') => {
      const own = await start()
      own.setKeyEndpoint(state)
      const { verify } = await verifier(own)
      const started = Date.now()
      await expect(verify(own.issueToken('ana'))).rejects.toMatchObject({ code: 'unavailable', statusCode: 503 })
      expect(Date.now() - started).toBeLessThan(6500)
      own.setKeyEndpoint('ok')
      await expect(verify(own.issueToken('ana'))).resolves.toMatchObject({ uid: 'ana' })
      await own.stop()
    }
    await Promise.all([refuses(503), refuses('hang')])
  }, 40_000)

  // firebase-admin retries only after a 503; it reports these failures with the code of an invalid token.
  it.each([404, 500])("answering %i is not the token's fault either", async (status) => {
    issuer.setKeyEndpoint(status)
    const { verify } = await verifier()
    await expect(verify(issuer.issueToken('ana'))).rejects.toMatchObject({ code: 'unavailable', statusCode: 503 })
    issuer.setKeyEndpoint('ok')
    await expect(verify(issuer.issueToken('ana'))).resolves.toMatchObject({ uid: 'ana' })
  })

  it("refusing the connection is not the token's fault either", async () => {
    const token = issuer.issueToken('ana')
    await issuer.stop()
    const { verify } = await verifier()
    await expect(verify(token)).rejects.toMatchObject({ code: 'unavailable', statusCode: 503 })
  })

  it('does not count as down because a token says so', async () => {
    const { verify } = await verifier()
    const token = issuer.issueToken('ana', { aud: 'Error fetching public keys' })
    await expect(verify(token)).rejects.toMatchObject({ code: 'unauthenticated', statusCode: 401 })
  })
})

it('gives the e-mail address only if it is verified', async () => {
  const { verify } = await verifier()
  const emailOf = async (verified: boolean) =>
    (await verify(issuer.issueToken('ana', { email_verified: verified }))).email
  expect(await emailOf(true)).toBe('ana@example.com')
  expect(await emailOf(false)).toBeUndefined()
})

it.each(['revoke', 'disable', 'remove'] as const)('checks that the session is still valid: %s', async (change) => {
  const { verify } = await verifier()
  const token = issuer.issueToken('ana')
  await verify(token)
  issuer[change]('ana')
  await expect(verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
})
