import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { TestDatabase } from '../support/database.ts'
import { makeProduct, makeShop, makeUser, type Shop } from '../support/shop.ts'

export const SKU = 'COFFEE'
const OPENING_STOCK = 1_000_000

/** An owner of two businesses with the same products, who sells in the second. */
export interface Owner {
  first: Shop
  second: Shop
  /** An MCP token like those that the service signs. */
  token(options: { secret: string; seconds?: number }): Promise<string>
  /** The businesses of the orders with each note, one entry per order. */
  businessesByNote(): Promise<Map<string, string[]>>
  /** How many units the sales have drawn from stock, according to the balance and to the ledger. */
  unitsDrawn(): Promise<{ balance: number; ledger: number }>
}

export async function makeOwner(db: TestDatabase): Promise<Owner> {
  const first = await makeShop(db)
  const second = await makeShop(db, { name: 'Hudson', currency: 'USD', timezone: 'America/New_York' })
  const userId = await makeUser(db, 'ana', [
    { shop: first, role: 'owner' },
    { shop: second, role: 'owner' },
  ])
  // A misdirected sale must succeed in the wrong business too; if it failed there, the test could not notice it.
  for (const shop of [first, second]) {
    const { variantId } = await makeProduct(db, shop, { sku: SKU })
    await db.asOwner(
      `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
       values ($1, $2, $3, $4, 'opening')`,
      [shop.id, shop.locations[0], variantId, OPENING_STOCK],
    )
  }
  return {
    first,
    second,
    async token({ secret, seconds = 3600 }) {
      const jti = randomUUID()
      const iat = Math.floor(Date.now() / 1000)
      await db.asOwner('insert into mcp_token (jti, family_id, user_id, expires_at) values ($1, $1, $2, $3)', [
        jti,
        userId,
        new Date((iat + seconds) * 1000),
      ])
      const scopes = ['pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents']
      const claims = { sub: userId, jti, scopes, business: first.id, iat, exp: iat + seconds }
      return sign({ ...claims, iss: 'https://api.flowpos.app', aud: 'flowpos-mcp' }, secret)
    },
    async businessesByNote() {
      const rows = await db.asOwner<{ note: string; businesses: string[] }>(
        // In any business, because a sale repeated in another one is also a duplicate.
        'select note, array_agg(business_id) as businesses from orders group by note',
      )
      return new Map(rows.map(({ note, businesses }) => [note, businesses]))
    },
    async unitsDrawn() {
      const [row] = await db.asOwner<{ on_hand: string; ledger: string }>(
        'select sum(on_hand) as on_hand, (select sum(quantity) from inventory_movement) as ledger from inventory',
      )
      const opening = 2 * OPENING_STOCK
      return { balance: opening - Number(row?.on_hand), ledger: opening - Number(row?.ledger) }
    },
  }
}

function sign(claims: object, secret: string): string {
  const kid = createHash('sha256').update(secret).digest('hex').slice(0, 8)
  const parts = [{ alg: 'HS256', typ: 'JWT', kid }, claims]
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
