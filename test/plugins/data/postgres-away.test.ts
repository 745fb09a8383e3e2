import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FIRST_DAY, type Merchant, OWNER, startMerchant } from '../../support/merchant.ts'
import { type App, call, rpc } from '../../support/service.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

const SETTINGS = { DATABASE_CONNECT_TIMEOUT_MS: '500', DATABASE_STATEMENT_TIMEOUT_MS: '5000' }
const UNAVAILABLE =
  'unavailable: The database does not answer at the moment. Try again in a few seconds. ' +
  'The same call may be tried again after 2 seconds.'

let merchant: Merchant
let network: TcpProxy

beforeAll(async () => {
  merchant = await startMerchant()
})
afterAll(() => merchant?.service.close())
// Each test has instances of its own, behind a network that it breaks.
beforeEach(async () => {
  const { port } = new URL(merchant.service.db.ownerUrl)
  network = await startTcpProxy(Number(port))
  return () => network.close()
})

describe.each<[string, () => void | Promise<void>, () => void | Promise<void>]>([
  ['gone', () => network.cut(), () => network.heal()],
  ['silent', () => network.blackHole(), () => network.healForNew()],
])('when PostgreSQL is %s', (_how, breakNetwork, healNetwork) => {
  it('callers are told to retry, and all is well when it is back', async () => {
    const app = await instanceBehind(network)
    const stranger = await merchant.service.tokenOf(OWNER)
    const audited = async () => {
      const [row] = await merchant.service.db.asOwner<{ count: number }>(
        "select count(*)::int from mcp_audit where action = 'get_products' and outcome = 'unavailable'",
      )
      return row?.count ?? 0
    }
    const before = await audited()
    expect(await summarize(app)).toMatch(FIRST_DAY)

    await breakNetwork()
    // More calls than connections: none may have to wait for another's timeout.
    const calls = await Promise.all(Array.from({ length: 15 }, () => call(app, merchant.token, 'get_products')))
    for (const { status, isError, text } of calls) {
      expect({ status, isError, text }).toEqual({ status: 200, isError: true, text: UNAVAILABLE })
    }
    for (const response of [
      await rpc(app, stranger, 'tools/list'),
      await exchange(app),
      await app.inject({ method: 'POST', url: '/mcp/token/refresh', headers: { authorization: `Bearer ${stranger}` } }),
    ]) {
      const status = 'statusCode' in response ? response.statusCode : response.status
      expect({ status, after: response.headers['retry-after'] }).toEqual({ status: 503, after: '2' })
    }
    expect((await app.inject('/health/ready')).json().checks).toEqual({ database: 'away', sessions: 'ok' })
    expect((await app.inject('/health/live')).statusCode).toBe(200)

    await healNetwork()
    await expect.poll(() => ready(app), { timeout: 10_000 }).toBe(200)
    expect(await summarize(app)).toMatch(FIRST_DAY)
    expect((await rpc(app, stranger, 'tools/list')).status).toBe(200)
    // Audit rows that could not be written at the time are written later.
    await expect.poll(audited, { timeout: 5000 }).toBe(before + 15)
    await app.close()
  })
})

it('calls that wait for a lock end with an error, and so do those that wait for a connection', async () => {
  const settings = { DATABASE_POOL_SIZE: '2', DATABASE_STATEMENT_TIMEOUT_MS: '1500' }
  const app = await merchant.service.anotherInstance({ ...SETTINGS, ...settings })
  await summarize(app)
  const release = await lockProducts()
  const calls = await Promise.all(Array.from({ length: 6 }, () => call(app, merchant.token, 'get_products')))
  expect(new Set(calls.map(({ text }) => text))).toEqual(new Set([UNAVAILABLE]))
  await release()
  expect((await call(app, merchant.token, 'get_products')).isError).toBe(false)
  await app.close()
})

it('the service starts without PostgreSQL, and is ready when there is one', async () => {
  await network.cut()
  const app = await instanceBehind(network)
  expect(await ready(app)).toBe(503)
  expect((await rpc(app, merchant.token, 'tools/list')).status).toBe(503)
  await network.heal()
  await expect.poll(() => ready(app), { timeout: 5000 }).toBe(200)
  expect(await summarize(app)).toMatch(FIRST_DAY)
  await app.close()
})

function instanceBehind({ port }: TcpProxy): Promise<App> {
  const url = new URL(merchant.service.db.ownerUrl)
  url.port = String(port)
  return merchant.service.anotherInstance({ ...SETTINGS, DATABASE_URL: url.href })
}

async function summarize(app: App): Promise<string> {
  return (await call(app, merchant.token, 'summarize_day')).text
}

function exchange(app: App) {
  const firebaseIdToken = merchant.service.issuer.issueToken(OWNER)
  return app.inject({ method: 'POST', url: '/mcp/token', payload: { firebaseIdToken } })
}

async function ready(app: App): Promise<number> {
  return (await app.inject('/health/ready')).statusCode
}

/** @returns a function that releases them */
async function lockProducts(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: merchant.service.db.ownerUrl })
  await client.connect()
  await client.query('begin; lock table product in access exclusive mode')
  return () => client.end()
}
