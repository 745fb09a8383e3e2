import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import { normalised } from './search.ts'

// Filters also ask for what has none: sales without a client, of no known seller. Models write "none", the words of a
// row ("no client") or those of the person ("sin cliente").

/** What may be none: its words, and where something may be called so. */
const KINDS = {
  client: { words: 'client|customer|cliente', table: 'customer', column: 'name' },
  city: { words: 'city|client or no city|ciudad', table: 'customer', column: 'city' },
  category: { words: 'category|categoria', table: 'category', column: 'name' },
  supplier: { words: 'supplier|vendor|proveedor', table: 'supplier', column: 'name' },
  employee: { words: 'employee|seller|empleado|vendedor', table: 'employee', column: 'name' },
  payment_method: {
    words: 'payment|payment method|pago|metodo de pago|forma de pago',
    table: 'payment_daily',
    column: 'method',
  },
  tax_rate: { words: 'rate|tax rate|tasa', table: null, column: null },
} as const
type Kind = keyof typeof KINDS

const ALONE = 'none|null|nobody|unknown|not known|rate not stated|nadie|ningun[oa]?|desconocid[oa]'

/** Whether a text has words for none of a kind. */
export function saysNone(kind: Kind, text: string): boolean {
  const words = normalised(text.trim())
  const no = '(?:no|without(?: an?)?|unknown|sin|ningun)(?: known)?'
  return new RegExp(`^(?:${ALONE}|${no} (?:${KINDS[kind].words}))$`).test(words)
}

/** Whether none is meant. What is called so comes first, as a category "Sin categoría", unless it is "none" itself. */
async function isNone(db: Transaction, businessId: string, kind: Kind, text: string): Promise<boolean> {
  if (!saysNone(kind, text)) return false
  const { table, column } = KINDS[kind]
  if (table === null || text.trim().toLowerCase() === 'none') return true
  const { rows } = await sql<{ called: boolean }>`select exists (
    select from ${sql.table(table)} r
    where r.business_id = ${businessId} and search_text(${sql.ref(`r.${column}`)}) = search_text(${text.trim()})
  ) as called`.execute(db)
  return rows[0]?.called !== true
}

/**
 * What a filter names, or null where it asks for what has none.
 * @param find looks up what is named
 * @throws ServiceError of `find`, whose hint then tells of "none", too
 */
export async function orNone<Found>(
  db: Transaction,
  businessId: string,
  kind: Kind,
  text: string,
  find: (text: string) => Promise<Found> | Found,
): Promise<Found | null> {
  if (await isNone(db, businessId, kind, text)) return null
  try {
    return await find(text)
  } catch (error) {
    if (!(error instanceof ServiceError) || !['not_found', 'invalid_argument'].includes(error.code)) throw error
    const hint = `${error.hint === undefined ? '' : `${error.hint} `}"none" takes what has none.`
    throw new ServiceError(error.code, error.message, { hint })
  }
}
