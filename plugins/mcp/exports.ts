import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { sql } from 'kysely'
import { bearerOf } from '../../src/auth/bearer.ts'
import { withoutClients } from '../../src/database/database.ts'
import { ServiceError } from '../../src/errors.ts'
import { csvOf, excelDialect, PLAIN_CSV } from '../../src/exports/csv.ts'
import { businessOf, type LinkRecord, MIME_TYPES } from '../../src/exports/link.ts'
import { contentOf } from '../../src/exports/pages.ts'
import { xlsxOf } from '../../src/exports/xlsx.ts'
import { readContext, requireAllowed } from '../../src/mcp/run-tool.ts'
import { counted } from '../../src/results/counted.ts'
import type { Clock } from '../../src/time/clock.ts'

const QUERY = Type.Object({ key: Type.String({ maxLength: 100 }) })
const PARAMS = Type.Object({ file: Type.String({ maxLength: 100 }) })
/** Each takes a connection to the database for as long as its reader takes to read. */
const AT_A_TIME = 2
const LONGEST_MS = 5 * 60_000
// Often enough that neither PostgreSQL nor we take a connection for dead whose reader is slow.
const ALIVE_EVERY_MS = 1000

/** `GET /mcp/exports/:file`: the files that `export_data` offers. */
const exportRoutes: FastifyPluginAsyncTypebox<{ clock: Clock }> = async (app, { clock }) => {
  const open = new Set<string>()
  app.addHook('onRequest', app.checkHost)
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  const schema = { hide: true, params: PARAMS, querystring: QUERY }

  // Mail and chat programs look at a link before a person opens it.
  app.head('/mcp/exports/:file', { schema }, async (request, reply) => {
    const record = (await app.exportLinks.find(request.query.key)) ?? (await refused(request))
    return reply.headers(headersOf(record)).send()
  })

  app.get('/mcp/exports/:file', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const { key } = request.query
    const record = (await app.exportLinks.find(key)) ?? (await refused(request))
    await requireSamePerson(request, record)
    if (open.size >= AT_A_TIME || open.has(record.businessId)) {
      throw new ServiceError('rate_limited', 'Other files are being written. Open the link again in a few seconds.', {
        retryAfterSeconds: 5,
      })
    }
    open.add(record.businessId)
    try {
      if ((await app.exportLinks.take(key)) === null) return await refused(request)
      const file = await fileOf(request, record).catch(async (error: unknown) => {
        // Nothing was sent yet, so that the person may try again.
        await app.exportLinks.giveBack(key, record)
        throw error
      })
      file.once('close', () => open.delete(record.businessId))
      return await reply.headers(headersOf(record)).send(file)
    } catch (error) {
      open.delete(record.businessId)
      throw error
    }
  })

  async function refused(request: FastifyRequest): Promise<never> {
    await app.rateLimits.countAnonymous('refused-links', request.ip)
    throw new ServiceError('not_found', 'This link was used already, or is older than 15 minutes.', {
      hint: 'Ask the assistant for the file again.',
    })
  }

  /** A program that says who it is must be who asked. */
  async function requireSamePerson(request: FastifyRequest, { principal }: LinkRecord): Promise<void> {
    if (request.headers.authorization === undefined) return
    const credential = bearerOf(request)
    const { ref } = await app.credentialGuard.check(request, credential, () =>
      app.principals
        .authenticate(credential, request.auditCaller)
        .catch(() => app.principals.authenticateConnection(credential, request.auditCaller)),
    )
    if (ref !== principal.ref) throw new ServiceError('forbidden', 'This file was made for somebody else.')
  }

  /** The file of a link, by the rights that its person has now; it begins once the first rows are read. */
  async function fileOf(request: FastifyRequest, record: LinkRecord): Promise<Readable> {
    const { what, format, locale } = record
    const principal = await app.principals.again(record.principal, request.auditCaller)
    const business = businessOf(principal, record)
    const registered = app.registry.find(principal, what)
    if (business === undefined || registered === undefined || registered.tool.kind !== 'business') {
      throw app.registry.refusal(principal, what) ?? new ServiceError('forbidden', 'You may not read this any more.')
    }
    const { tool } = registered
    const input = registered.checkArguments(record.args) as Record<string, unknown>
    requireAllowed(tool, business, input, principal)

    const started = performance.now()
    const now = clock()
    let rows = 0
    const database = principal.clientData ? app.database : withoutClients(app.database)
    return new Promise((send, failed) => {
      const written = database.within(
        { businessId: business.id },
        'read',
        async (db) => {
          const context = readContext(tool, business, db, { principal, now }, true)
          const { titles, pages } = await contentOf(tool, input, context, (count) => {
            rows += count
          })
          const file =
            format === 'xlsx'
              ? xlsxOf(what, titles, pages)
              : Readable.from(csvOf(titles, pages, format === 'excel_csv' ? excelDialect(locale ?? '') : PLAIN_CSV), {
                  objectMode: false,
                })
          const alive = setInterval(() => void sql`select 1`.execute(db).catch(() => {}), ALIVE_EVERY_MS)
          const late = setTimeout(() => file.destroy(new Error('the reader is too slow')), LONGEST_MS)
          send(file)
          await finished(file).finally(() => {
            clearInterval(alive)
            clearTimeout(late)
          })
        },
        { principal: principal.ref },
      )
      written.then(
        () => recordOf('ok'),
        (error: unknown) => {
          failed(error)
          recordOf(error instanceof ServiceError ? error.code : 'incomplete')
        },
      )
    })

    function recordOf(outcome: string): void {
      app.audit({
        at: now,
        kind: 'export',
        action: what,
        outcome,
        principal: principal.ref,
        credentialId: principal.credentialId,
        businessId: record.businessId,
        durationMs: Math.round(performance.now() - started),
        caller: request.auditCaller,
        subject: `${format}, ${counted(rows, 'row')}`,
      })
    }
  }
}

export default fp(exportRoutes, {
  name: 'exports',
  dependencies: [
    'errors',
    'host-check',
    'rate-limit',
    'credential-guard',
    'postgres',
    'audit',
    'principals',
    'registry',
    'export-links',
  ],
  encapsulate: true,
})

function headersOf({ fileName, format }: LinkRecord) {
  return {
    'content-type': MIME_TYPES[format],
    'content-disposition': `attachment; filename="${fileName}"`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}
