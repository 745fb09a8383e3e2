import type { AddressInfo } from 'node:net'
import { freePort } from '../../embedded/postgres.ts'
import { type App, type Service, startService } from './service.ts'
import { makeOrder, makeProduct, makeShop, makeUser, type Shop } from './shop.ts'

/** An owner of two businesses, and a service that listens as in production. */
export interface Merchant {
  service: Service
  /** The business with one order today. */
  first: Shop
  second: Shop
  origin: string
  mcpUrl: string
  /** The endpoint for clients that sign in by themselves. */
  connectUrl: string
  token: string
}

/** The first words of `summarize_day` about each business. */
export const FIRST_DAY = /^Net sales GTQ 20\.00 without tax from 1 order\b/
export const SECOND_DAY = /^Net sales USD 0\.00 without tax from 0 orders/

export const OWNER = 'ana'

const MOST_MS_TO_CLOSE = 1000

type ServiceOptions = NonNullable<Parameters<typeof startService>[0]>

/** @param otherUsers users besides the owner */
export async function startMerchant(
  otherUsers: ServiceOptions['users'] = [],
  { config, ...options }: Omit<ServiceOptions, 'users'> = {},
): Promise<Merchant> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const service = await startService({
    users: [OWNER, ...otherUsers],
    config: { PUBLIC_URL: origin, ...config },
    ...options,
  })
  const first = await makeShop(service.db)
  const second = await makeShop(service.db, { name: 'Hudson', currency: 'USD', timezone: 'America/New_York' })
  await makeUser(service.db, OWNER, [
    { shop: first, role: 'owner' },
    { shop: second, role: 'owner' },
  ])
  const coffee = await makeProduct(service.db, first, { sku: 'COFFEE' })
  await makeOrder(service.db.database, first, {
    number: 'A-1',
    at: service.now.toISOString(),
    lines: [{ ...coffee, quantity: '2', unitPrice: '10' }],
  })
  await service.app.listen({ host: '127.0.0.1', port })
  const mcpUrl = `${origin}/mcp`
  return {
    service,
    first,
    second,
    origin,
    mcpUrl,
    connectUrl: `${mcpUrl}/connect`,
    token: await service.tokenOf(OWNER),
  }
}

/** Ends the instance that listens and starts a new one at its address, as a deployment does. */
export async function redeploy({ service, origin }: Merchant): Promise<void> {
  await endInstance(service.app)
  service.app = await service.anotherInstance()
  await service.app.listen({ host: '127.0.0.1', port: Number(new URL(origin).port) })
}

/** Closes an instance as a process ends: with the connections that are still open after a while, used or not. */
export async function endInstance(app: App): Promise<void> {
  const end = setTimeout(() => app.server.closeAllConnections(), MOST_MS_TO_CLOSE)
  await app.close()
  clearTimeout(end)
}

/** Lets an instance listen on a free port of 127.0.0.1. */
export async function listen(app: App): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}
