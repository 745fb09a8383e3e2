import { randomUUID } from 'node:crypto'
import type { TestDatabase } from './database.ts'
import { makeOrder, type Order, type Shop } from './shop.ts'

export interface ClientFields {
  code: string
  name?: string
  email?: string
  phone?: string
  tax_id?: string
  city?: string
  country?: string
  note?: string
  is_active?: boolean
}

/** A client, written without the tools. */
export async function makeClient({ asOwner }: TestDatabase, shop: Shop, fields: ClientFields): Promise<string> {
  const id = randomUUID()
  const row = { business_id: shop.id, id, name: fields.code, ...fields }
  const columns = Object.keys(row)
  const values = columns.map((_, index) => `$${index + 1}`)
  await asOwner(`insert into customer (${columns}) values (${values})`, Object.values(row))
  return id
}

/** An order of a client, written as the service writes it. */
export async function makePurchase(
  { database, till }: TestDatabase,
  shop: Shop,
  clientId: string,
  order: Order,
): Promise<string> {
  const id = await makeOrder(database, shop, order)
  await till.within({ businessId: shop.id }, 'write', (db) =>
    db.updateTable('orders').set({ customer_id: clientId }).where('id', '=', id).execute(),
  )
  return id
}
