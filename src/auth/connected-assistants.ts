import { type Static, Type } from '@sinclair/typebox'
import { sql } from 'kysely'
import { setAccess, type Transaction } from '../database/database.ts'
import { StringEnum } from '../results/schema.ts'
import { cleanOrNull } from '../results/text.ts'
import { API_KEY, PASTED_TOKEN } from './assistant-policy.ts'
import type { AuthorizedBusiness } from './principal.ts'
import { managesKeys } from './scopes.ts'

const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })
const NullableTime = Type.Unsafe<Date | null>({ type: ['string', 'null'], format: 'date-time' })
const Text = Type.Union([Type.String(), Type.Null()])

const ASSISTANT_KINDS = ['connection', 'token', 'key'] as const

/** An assistant or program that reaches a business: a connection by sign-in, a pasted token, an API key. */
export const ConnectedAssistantSchema = Type.Object(
  {
    id: Type.String({ description: 'Of the connection, the token family or the key' }),
    kind: StringEnum(ASSISTANT_KINDS),
    name: Text,
    clientHost: Type.String({ description: 'As in allowedClients' }),
    usedBy: Type.Union([Type.String(), Type.Null()], { description: 'MCP client that last began a conversation' }),
    scopes: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'null: what the role gives' }),
    clientData: Type.Boolean({ description: "Whether it may see the shop's clients" }),
    madeBy: Type.Union([Type.String(), Type.Null()], { description: 'Name or e-mail' }),
    isOwn: Type.Boolean(),
    businesses: Type.Array(Type.String(), {
      description: 'Names of the businesses that it reaches, of those that whoever asks may know about',
    }),
    createdAt: Time,
    lastUsedAt: NullableTime,
    expiresAt: NullableTime,
  },
  { title: 'ConnectedAssistant' },
)
export type ConnectedAssistant = Static<typeof ConnectedAssistantSchema>

const MAX_LISTED = 500

/** Who asks what reaches a business. */
export interface Viewer {
  userId: string
  business: AuthorizedBusiness
  /** All businesses of the person. */
  businesses: readonly AuthorizedBusiness[]
  isManager: boolean
}

/**
 * What reaches a business now, last used first: the connections and tokens of its people, and its keys.
 * @param db a transaction of the business and of the person who asks, who sees only their own unless they manage it. It
 *   may be about another of their businesses afterwards
 */
export async function findConnectedAssistants(
  db: Transaction,
  viewer: Viewer,
  now: Date,
): Promise<ConnectedAssistant[]> {
  const { userId, business, isManager } = viewer
  const [tokens, keys] = await Promise.all([
    tokensOf(db, business.id, userId, now, isManager),
    keysOf(db, business.id, now),
  ])
  const reach = await reachOf(db, viewer, tokens)
  const rows = [
    ...tokens.map(({ clientHost, businessIds, endedFor, ...row }) => ({
      ...row,
      kind: clientHost === null ? ('token' as const) : ('connection' as const),
      clientHost: clientHost ?? PASTED_TOKEN,
      businesses: reach(row.userId)
        .filter(({ id }) => (businessIds === null || businessIds.includes(id)) && !endedFor.includes(id))
        .map(({ name }) => name),
    })),
    ...(isManager ? keys : []).map((row) => ({
      ...{ ...row, kind: 'key' as const, clientHost: API_KEY, usedBy: null },
      businesses: [business.name],
    })),
  ]
  return rows
    .map(({ userId: maker, displayName, email, name, ...row }) => ({
      ...row,
      name: cleanOrNull(name, 100),
      madeBy: cleanOrNull(displayName ?? email, 100),
      isOwn: maker === userId,
    }))
    .sort((a, b) => (b.lastUsedAt ?? b.createdAt).getTime() - (a.lastUsedAt ?? a.createdAt).getTime())
    .slice(0, MAX_LISTED)
}

/**
 * The businesses of people that somebody may know about: their own, and of others those that both belong to and the
 * first of them manages. Where else an employee works is nobody's business.
 */
async function reachOf(db: Transaction, viewer: Viewer, tokens: readonly { userId: string }[]) {
  const people = [...new Set(tokens.map((token) => token.userId))].filter((id) => id !== viewer.userId)
  const known = new Map(people.map((id) => [id, [viewer.business]]))
  const others = viewer.businesses.filter(({ id, role }) => id !== viewer.business.id && managesKeys(role))
  for (const business of people.length === 0 ? [] : others) {
    await setAccess(db, { businessId: business.id })
    const members = await db
      .selectFrom('business_user')
      .select('user_id')
      .where('business_id', '=', business.id)
      .where('is_active', '=', true)
      .where('user_id', 'in', people)
      .execute()
    for (const { user_id } of members) known.get(user_id)?.push(business)
  }
  return (userId: string) => (userId === viewer.userId ? viewer.businesses : (known.get(userId) ?? []))
}

function tokensOf(db: Transaction, businessId: string, userId: string, now: Date, isManager: boolean) {
  return (
    db
      .selectFrom('mcp_token as t')
      .innerJoin('app_user as u', 'u.id', 't.user_id')
      .innerJoin('business_user as m', (join) =>
        join.onRef('m.user_id', '=', 't.user_id').on('m.business_id', '=', businessId).on('m.is_active', '=', true),
      )
      // What was granted, label and client are the same in the whole family.
      .select(({ fn }) => [
        't.family_id as id',
        't.user_id as userId',
        'u.display_name as displayName',
        'u.email',
        fn.min('t.label').as('name'),
        fn.min('t.client_host').as('clientHost'),
        fn.max('t.used_by').as('usedBy'),
        fn.min('t.scopes').as('scopes'),
        fn.min('t.business_ids').as('businessIds'),
        fn.max('t.ended_for').as('endedFor'),
        sql<boolean>`bool_and(t.client_data)`.as('clientData'),
        fn.min('t.created_at').as('createdAt'),
        fn.max('t.last_used_at').as('lastUsedAt'),
        fn.max('t.expires_at').as('expiresAt'),
      ])
      .where('t.revoked_at', 'is', null)
      .where(sql<boolean>`not ${businessId}::uuid = any(t.ended_for)`)
      .where(sql<boolean>`(t.business_ids is null or ${businessId}::uuid = any(t.business_ids))`)
      .$if(!isManager, (query) => query.where('t.user_id', '=', userId))
      .groupBy(['t.family_id', 't.user_id', 'u.display_name', 'u.email'])
      .having(({ fn }) => fn.max('t.expires_at'), '>', now)
      .orderBy(({ fn }) => fn.max('t.created_at'), 'desc')
      .limit(MAX_LISTED)
      .execute()
  )
}

function keysOf(db: Transaction, businessId: string, now: Date) {
  return db
    .selectFrom('mcp_api_key as k')
    .leftJoin('app_user as u', 'u.id', 'k.created_by')
    .select(['k.id', 'k.created_by as userId', 'u.display_name as displayName', 'u.email', 'k.label as name'])
    .select(['k.scopes', 'k.created_at as createdAt', 'k.last_used_at as lastUsedAt', 'k.expires_at as expiresAt'])
    .select(sql<boolean>`true`.as('clientData'))
    .where('k.business_id', '=', businessId)
    .where('k.is_active', '=', true)
    .where((eb) => eb.or([eb('k.expires_at', 'is', null), eb('k.expires_at', '>', now)]))
    .limit(MAX_LISTED)
    .execute()
}

/**
 * Ends connections and tokens for one business; elsewhere their people go on using them.
 * @param id a family; absent for all that reach the business
 * @returns the families that have ended here now
 */
export async function endTokensFor(db: Transaction, businessId: string, id?: string): Promise<string[]> {
  const rows = await db
    .updateTable('mcp_token')
    .set({ ended_for: sql<string[]>`array_append(ended_for, ${businessId}::uuid)` })
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`not ${businessId}::uuid = any(ended_for)`)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('business_user as m')
          .select('m.user_id')
          .where('m.business_id', '=', businessId)
          .whereRef('m.user_id', '=', 'mcp_token.user_id'),
      ),
    )
    .$if(id !== undefined, (query) => query.where('family_id', '=', id as string))
    .returning('family_id')
    .execute()
  return [...new Set(rows.map(({ family_id }) => family_id))]
}

/**
 * Switches API keys of a business off.
 * @param id a key; absent for all
 * @returns the keys that are off now and were on
 */
export async function endKeysOf(db: Transaction, businessId: string, id?: string): Promise<string[]> {
  const rows = await db
    .updateTable('mcp_api_key')
    .set({ is_active: false })
    .where('business_id', '=', businessId)
    .where('is_active', '=', true)
    .$if(id !== undefined, (query) => query.where('id', '=', id as string))
    .returning('id')
    .execute()
  return rows.map((row) => row.id)
}
