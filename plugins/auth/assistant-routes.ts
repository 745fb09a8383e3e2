import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from '@sinclair/typebox'
import { stringify } from 'csv-stringify/sync'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ACTIVITY_FILTERS, ActivitySchema, readActivity } from '../../src/audit/activity.ts'
import { type AuditEntry, addAuditRows } from '../../src/audit/audit-row.ts'
import { bearerOf } from '../../src/auth/bearer.ts'
import {
  ConnectedAssistantSchema,
  endKeysOf,
  endTokensFor,
  findConnectedAssistants,
} from '../../src/auth/connected-assistants.ts'
import { type AuthorizedBusiness, describeBusiness } from '../../src/auth/principal.ts'
import { managesKeys } from '../../src/auth/scopes.ts'
import type { Transaction } from '../../src/database/database.ts'
import { ServiceError } from '../../src/errors.ts'
import { StringEnum } from '../../src/results/schema.ts'
import type { Clock } from '../../src/time/clock.ts'
import emptyBody from '../http/empty-body.ts'
import { ERROR_RESPONSES } from '../http/errors.ts'

const Uuid = Type.String({ format: 'uuid' })
const BusinessQuery = Type.Object({ businessId: Uuid }, { additionalProperties: false })

const PolicySchema = Type.Object(
  {
    isEnabled: Type.Boolean({ description: 'false: no assistant reaches the business' }),
    allowedClients: Type.Union(
      [Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { maxItems: 50 }), Type.Null()],
      {
        description: 'Hosts of clients, "computer", "device", "token" for pasted tokens, "key" for API keys; null: all',
      },
    ),
  },
  { title: 'AssistantPolicy' },
)

const ActivityQuerySchema = Type.Object(
  {
    businessId: Uuid,
    filter: StringEnum(ACTIVITY_FILTERS, { default: 'all' }),
    who: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    since: Type.Optional(Type.String({ format: 'date-time' })),
    until: Type.Optional(Type.String({ format: 'date-time' })),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
)

const PAGE = 50
const MAX_CSV_ROWS = 10_000
const documented = { tags: ['assistants'], security: [{ firebase: [] }] }

/**
 * `/mcp/assistants` and `/mcp/activity`: what reaches a business and what was done with it. Owners and admins see and
 * end what belongs to their people; everybody else only their own.
 */
const assistantRoutes: FastifyPluginAsyncTypebox<{ clock: Clock }> = async (app, { clock }) => {
  await app.register(emptyBody)
  const { database } = app
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  /** The person who asks, and their role in the business. */
  async function memberOf(request: FastifyRequest, businessId: string) {
    const credential = bearerOf(request)
    const { userId, businesses } = await app.credentialGuard.check(request, credential, () =>
      app.tokens.signIn(credential),
    )
    const business = businesses.find(({ id }) => id === businessId)
    if (business === undefined) {
      const choices = businesses.map(describeBusiness).join('; ')
      throw new ServiceError('forbidden', `businessId must be one of yours: ${choices}.`)
    }
    return { userId, business, businesses, isManager: managesKeys(business.role), access: { userId, businessId } }
  }

  async function managerOf(request: FastifyRequest, businessId: string) {
    const member = await memberOf(request, businessId)
    if (!member.isManager) {
      throw new ServiceError('forbidden', `Only an owner or admin of ${member.business.name} decides this.`)
    }
    return member
  }

  const policyOf = (db: Transaction, { id }: AuthorizedBusiness): Promise<Static<typeof PolicySchema>> =>
    db
      .selectFrom('business')
      .select(['assistants_enabled as isEnabled', 'allowed_clients as allowedClients'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()

  app.get(
    '/mcp/assistants',
    {
      schema: {
        ...documented,
        summary: 'What reaches a business: connections, tokens and keys, and what its owner decided about them',
        querystring: BusinessQuery,
        response: {
          200: Type.Object({ policy: PolicySchema, assistants: Type.Array(ConnectedAssistantSchema) }),
          ...ERROR_RESPONSES,
        },
      },
    },
    async (request) => {
      const { businessId } = request.query
      const { access, ...viewer } = await memberOf(request, businessId)
      return database.within(access, 'read', async (db) => {
        const [policy, assistants] = await Promise.all([
          policyOf(db, viewer.business),
          findConnectedAssistants(db, viewer, clock()),
        ])
        return { policy, assistants }
      })
    },
  )

  app.post(
    '/mcp/assistants/end',
    {
      schema: {
        ...documented,
        summary: 'End a connection, token or key of a business, or all of them; elsewhere they stay',
        body: Type.Object(
          { businessId: Uuid, id: Type.Optional(Uuid), all: Type.Optional(Type.Literal(true)) },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ ended: Type.Integer() }), ...ERROR_RESPONSES },
      },
    },
    async (request) => {
      const { businessId, id, all } = request.body
      if ((id === undefined) === (all === undefined))
        throw new ServiceError('invalid_argument', 'Give either id or all.')
      const { userId, access } = await managerOf(request, businessId)
      const ended = await database.within(access, 'write', async (db) => {
        const ids = [...(await endTokensFor(db, businessId, id)), ...(await endKeysOf(db, businessId, id))]
        const by = {
          at: clock(),
          kind: 'assistants',
          action: 'ended',
          principal: `user:${userId}`,
          businessId,
        } as const
        await addAuditRows(db, ...ids.map((credentialId): AuditEntry => ({ ...by, credentialId })))
        return ids
      })
      if (id !== undefined && ended.length === 0) {
        throw new ServiceError('not_found', 'There is no such connection, token or key in this business.')
      }
      for (const each of ended) app.principals.forget(each)
      return { ended: ended.length }
    },
  )

  app.patch(
    '/mcp/assistants/policy',
    {
      schema: {
        ...documented,
        summary: 'Switch the assistants of a business off or on, or restrict which clients may be used',
        body: Type.Object(
          { businessId: Uuid, ...Type.Partial(PolicySchema).properties },
          { additionalProperties: false },
        ),
        response: { 200: PolicySchema, ...ERROR_RESPONSES },
      },
    },
    async (request) => {
      const { businessId, isEnabled, allowedClients } = request.body
      const { userId, business, access } = await managerOf(request, businessId)
      const { policy, concerned } = await database.within(access, 'write', async (db) => {
        const clients = allowedClients?.map((client) => client.toLowerCase())
        await db
          .updateTable('business')
          .set({
            ...(isEnabled === undefined ? {} : { assistants_enabled: isEnabled }),
            ...(allowedClients === undefined ? {} : { allowed_clients: clients ?? null }),
          })
          .where('id', '=', businessId)
          .execute()
        const entry = { at: clock(), kind: 'assistants', principal: `user:${userId}`, businessId } as const
        if (isEnabled !== undefined) {
          await addAuditRows(db, { ...entry, action: isEnabled ? 'switched_on' : 'switched_off' })
        }
        if (allowedClients !== undefined) {
          await addAuditRows(db, {
            ...entry,
            action: allowedClients === null ? 'clients_unrestricted' : 'clients_restricted',
          })
        }
        const members = await db
          .selectFrom('business_user')
          .select('user_id')
          .where('business_id', '=', businessId)
          .execute()
        const keys = await db.selectFrom('mcp_api_key').select('id').where('business_id', '=', businessId).execute()
        return {
          policy: await policyOf(db, business),
          concerned: [...members.map((member) => member.user_id), ...keys.map((key) => key.id)],
        }
      })
      // The other instances are notified by the database.
      for (const id of concerned) app.principals.forget(id)
      return policy
    },
  )

  app.get(
    '/mcp/activity',
    {
      schema: {
        ...documented,
        summary: 'What was asked and changed in a business through assistants, newest first',
        querystring: ActivityQuerySchema,
        response: {
          200: Type.Object({ rows: Type.Array(ActivitySchema), nextCursor: Type.Union([Type.String(), Type.Null()]) }),
          ...ERROR_RESPONSES,
        },
      },
    },
    async (request) => {
      const { rows, next } = await activityOf(request, request.query, PAGE)
      return { rows, nextCursor: next === null ? null : next.join('/') }
    },
  )

  app.get(
    '/mcp/activity.csv',
    {
      schema: {
        ...documented,
        summary: `The same as a file, at most ${MAX_CSV_ROWS} rows`,
        querystring: Type.Omit(ActivityQuerySchema, ['cursor'], { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      const { rows } = await activityOf(request, request.query, MAX_CSV_ROWS)
      const lines = rows.map(({ object, ...row }) => ({ ...row, object: object?.type, name: object?.name }))
      const columns = ['at', 'who', 'assistant', 'client', 'kind', 'action', 'object', 'name', 'outcome', 'occurrences']
      reply.header('content-disposition', 'attachment; filename="activity.csv"')
      // A spreadsheet would run a name that begins with =.
      return reply
        .type('text/csv; charset=utf-8')
        .send(stringify(lines, { bom: true, header: true, columns, escape_formulas: true }))
    },
  )

  async function activityOf(request: FastifyRequest, query: Static<typeof ActivityQuerySchema>, limit: number) {
    const { businessId, filter, who, since, until, cursor } = query
    const { access } = await memberOf(request, businessId)
    const before = cursor === undefined ? undefined : readCursor(cursor)
    return database.within(access, 'read', (db) =>
      readActivity(db, { businessId, filter, who, since: instantOf(since), until: instantOf(until), limit, before }),
    )
  }
}

function instantOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const instant = new Date(text)
  // RFC 3339 knows leap seconds; Date does not.
  if (Number.isNaN(instant.getTime())) {
    throw new ServiceError('invalid_argument', 'since and until must be instants such as 2027-01-31T00:00:00Z.')
  }
  return instant
}

function readCursor(text: string): readonly [at: string, id: string] {
  const [, at, id] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\/(\d{1,18})$/.exec(text) ?? []
  if (at === undefined || id === undefined) {
    throw new ServiceError('invalid_argument', 'cursor is not one that this list gave.')
  }
  return [at, id]
}

export default fp(assistantRoutes, {
  name: 'assistant-routes',
  dependencies: ['errors', 'credential-guard', 'postgres', 'principals', 'tokens'],
  encapsulate: true,
})
