import { type Static, Type } from '@sinclair/typebox'
import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { cleanOrNull } from '../results/text.ts'

export const ACTIVITY_FILTERS = ['all', 'changes', 'refused', 'access'] as const

/** What was done in a business through an assistant, as its people read it. */
export const ActivitySchema = Type.Object({
  at: Type.String({ description: 'UTC' }),
  kind: Type.String({ description: 'tool, prompt, resource, token, key, connection, membership, sign_in, assistants' }),
  action: Type.String({ description: 'The tool, or what happened' }),
  outcome: Type.String({ description: 'ok, or the code of the refusal' }),
  occurrences: Type.Integer(),
  who: Type.Union([Type.String(), Type.Null()], { description: 'Name or e-mail of the member, or label of the key' }),
  client: Type.Union([Type.String(), Type.Null()], { description: 'The MCP client, or the kind of user agent' }),
  assistant: Type.Union([Type.String(), Type.Null()], { description: 'Name of the connection or label of the token' }),
  object: Type.Union([Type.Object({ type: Type.String(), name: Type.String() }), Type.Null()], {
    description: 'What was changed, or would have been, by its number, code or name',
  }),
})
export type Activity = Static<typeof ActivitySchema>

export interface ActivityQuery {
  businessId: string
  filter: (typeof ACTIVITY_FILTERS)[number]
  /** Part of a member's name or e-mail, or of a key's label. */
  who?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
  limit: number
  /** The last row of the previous page. */
  before?: readonly [at: string, id: string] | undefined
}

const ACCESS = ['token', 'key', 'connection', 'membership', 'sign_in', 'assistants']

// `case`, because a cast of another subject would fail.
const idOf = (type: string) =>
  sql`case when a.subject ~ ${`^${type} [0-9a-f-]{36}$`} then substr(a.subject, ${type.length + 2})::uuid end`

/**
 * Rows of the audit trail about a business, newest first, with the names of what they refer to.
 * @param db a transaction of the business and of the person who asks, who sees only their own rows unless they manage it
 */
export async function readActivity(db: Transaction, query: ActivityQuery) {
  const { businessId, filter, who, since, until, limit, before } = query
  const rows = await db
    .selectFrom('mcp_audit as a')
    .leftJoin('mcp_api_key as k', (join) =>
      join.onRef('k.id', '=', 'a.credential_id').on('k.business_id', '=', businessId),
    )
    // All tokens of a family have the label of the first.
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('mcp_token as t')
          .select('t.label as assistant')
          .whereRef('t.family_id', '=', 'a.credential_id')
          .limit(1)
          .as('t'),
      (join) => join.onTrue(),
    )
    .leftJoin('app_user as u', (join) =>
      join.on(
        sql<boolean>`u.id = case when a.principal ~ '^user:[0-9a-f-]{36}$' then substr(a.principal, 6)::uuid end`,
      ),
    )
    .leftJoin('order_refund as r', (join) =>
      join.on('r.business_id', '=', businessId).on(sql<boolean>`r.id = ${idOf('refund')}`),
    )
    .leftJoin('orders as o', (join) =>
      join.on('o.business_id', '=', businessId).on(sql<boolean>`o.id = coalesce(${idOf('order')}, r.order_id)`),
    )
    .leftJoin('inventory_movement as mv', (join) =>
      join.on('mv.business_id', '=', businessId).on(sql<boolean>`mv.id = ${idOf('inventory_movement')}`),
    )
    .leftJoin('product_variant as v', (join) =>
      join.on('v.business_id', '=', businessId).on(sql<boolean>`v.id = coalesce(${idOf('variant')}, mv.variant_id)`),
    )
    .leftJoin('product as p', (join) =>
      join.on('p.business_id', '=', businessId).on(sql<boolean>`p.id = coalesce(${idOf('product')}, v.product_id)`),
    )
    .leftJoin('customer as c', (join) =>
      join.on('c.business_id', '=', businessId).on(sql<boolean>`c.id = ${idOf('client')}`),
    )
    .select(['a.id', 'a.kind', 'a.action', 'a.outcome', 'a.occurrences', 'a.client', 'a.subject'])
    // As text, because a Date loses microseconds.
    .select(sql<string>`to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`.as('at'))
    .select(['u.display_name as displayName', 'u.email', 'k.label', 't.assistant'])
    .select(['o.order_number as orderNumber'])
    .select(['p.name as productName', 'v.sku', 'c.name as clientName'])
    .where('a.business_id', '=', businessId)
    .$if(filter === 'changes', (rows) =>
      rows.where('a.kind', '=', 'tool').where('a.subject', 'is not', null).where('a.outcome', '=', 'ok'),
    )
    .$if(filter === 'refused', (rows) => rows.where('a.outcome', '<>', 'ok'))
    .$if(filter === 'access', (rows) => rows.where('a.kind', 'in', ACCESS))
    .$if(who !== undefined, (rows) =>
      rows.where(
        sql<boolean>`search_text(concat_ws(' ', u.display_name, u.email, k.label)) like search_pattern(${who})`,
      ),
    )
    .$if(since !== undefined, (rows) => rows.where('a.at', '>=', since as Date))
    .$if(until !== undefined, (rows) => rows.where('a.at', '<', until as Date))
    .$if(before !== undefined, (rows) =>
      rows.where(sql<boolean>`(a.at, a.id) < (${before?.[0]}::timestamptz, ${before?.[1]}::bigint)`),
    )
    .orderBy('a.at', 'desc')
    .orderBy('a.id', 'desc')
    .limit(limit + 1)
    .execute()
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    rows: shown.map(toActivity),
    next: rows.length > shown.length && last !== undefined ? ([last.at, String(last.id)] as const) : null,
  }
}

interface Row extends Record<'at' | 'kind' | 'action' | 'outcome', string> {
  occurrences: number
  client: string | null
  subject: string | null
  displayName: string | null
  email: string | null
  label: string | null
  assistant: string | null
  orderNumber: string | null
  productName: string | null
  sku: string | null
  clientName: string | null
}

function toActivity(row: Row): Activity {
  const { at, kind, action, outcome, occurrences, client, displayName, email, label, assistant } = row
  const who = displayName ?? email ?? label
  return {
    ...{ at, kind, action, outcome, occurrences, client },
    who: cleanOrNull(who, 100),
    assistant: cleanOrNull(assistant, 100),
    object: objectOf(row),
  }
}

/** The first word of a subject is its type; what the shop calls the row comes from the row itself. */
function objectOf({ kind, subject, orderNumber, productName, sku, clientName }: Row): Activity['object'] {
  if (kind !== 'tool' || subject === null) return null
  const type = subject.split(' ', 1)[0] as string
  const name = orderNumber ?? (productName === null ? null : sku === null ? productName : `${productName} [${sku}]`)
  return { type, name: cleanOrNull(name ?? clientName, 100) ?? '' }
}
