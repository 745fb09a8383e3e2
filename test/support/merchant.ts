import type { AddressInfo } from 'node:net'
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
  token: string
}

/** The first words of `summarize_day` about each business. */
export const FIRST_DAY = /^Net sales GTQ 20\.00 from 1 orders/
export const SECOND_DAY = /^Net sales USD 0\.00 from 0 orders/

export const OWNER = 'ana'

/** @param otherUsers users besides the owner */
export async function startMerchant(otherUsers: string[] = []): Promise<Merchant> {
  const service = await startService({ users: [OWNER, ...otherUsers] })
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
  const origin = await listen(service.app)
  return { service, first, second, origin, mcpUrl: `${origin}/mcp`, token: await service.tokenOf(OWNER) }
}

/** Lets an instance listen on a free port of 127.0.0.1. */
export async function listen(app: App): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}
