import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { TestDatabase } from '../support/database.ts'
import { makeProduct, makeShop, makeUser, type Shop } from '../support/shop.ts'

export const SKU = 'COFFEE'

/** Somebody with two businesses, who sells in the second one. */
export interface Owner {
  first: Shop
  second: Shop
  /** An MCP token as the service signs them. */
  token(options: { secret: string; seconds?: number }): Promise<string>
  /** How often each note stands on an order of the second business. */
  notesOfOrders(): Promise<Map<string, number>>
}

export async function makeOwner(db: TestDatabase): Promise<Owner> {
  const first = await makeShop(db)
  const second = await makeShop(db, { name: 'Hudson', currency: 'USD', timezone: 'America/New_York' })
  const userId = await makeUser(db, 'ana', [
    { shop: first, role: 'owner' },
    { shop: second, role: 'owner' },
  ])
  const { variantId } = await makeProduct(db, second, { sku: SKU })
  await db.asOwner(
    `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
     values ($1, $2, $3, 1000000, 'opening')`,
    [second.id, second.locations[0], variantId],
  )
  return {
    first,
    second,
    async token({ secret, seconds = 3600 }) {
      const jti = randomUUID()
      const iat = Math.floor(Date.now() / 1000)
      await db.asOwner('insert into mcp_token (jti, user_id, expires_at) values ($1, $2, $3)', [
        jti,
        userId,
        new Date((iat + seconds) * 1000),
      ])
      const scopes = ['pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents']
      const claims = { sub: userId, jti, scopes, business: first.id, iat, exp: iat + seconds }
      return sign({ ...claims, iss: 'https://api.flowpos.app', aud: 'flowpos-mcp' }, secret)
    },
    async notesOfOrders() {
      const rows = await db.asOwner<{ note: string; count: string }>(
        'select note, count(*) as count from orders where business_id = $1 group by note',
        [second.id],
      )
      return new Map(rows.map(({ note, count }) => [note, Number(count)]))
    },
  }
}

function sign(claims: object, secret: string): string {
  const kid = createHash('sha256').update(secret).digest('hex').slice(0, 8)
  const parts = [{ alg: 'HS256', typ: 'JWT', kid }, claims]
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
