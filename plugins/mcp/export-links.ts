import { createHash, randomBytes } from 'node:crypto'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import { ServiceError } from '../../src/errors.ts'
import { excelDialect } from '../../src/exports/csv.ts'
import { holdsOf } from '../../src/exports/holds.ts'
import { fileNameOf, type LinkRecord, MIME_TYPES, recordOfPrincipal } from '../../src/exports/link.ts'
import { requireAllowed } from '../../src/mcp/run-tool.ts'
import type { BusinessContext, OfferedFile, WantedFile } from '../../src/mcp/tool.ts'
import type { Clock } from '../../src/time/clock.ts'
import { localDate } from '../../src/time/local.ts'
import { orUnavailable } from '../../src/unavailable.ts'

export interface ExportLinks {
  /**
   * Offers a file. Whatever is wrong with the wish is said now, not when the link is opened.
   * @param origin of the link
   * @throws ServiceError as the tool itself would throw
   */
  offer(wanted: WantedFile, context: BusinessContext, origin: string): Promise<OfferedFile>
  /** What a link leads to; null for one that is unknown, used or too old. */
  find(token: string): Promise<LinkRecord | null>
  /** The same, and the link is used: of two at the same moment, one gets null. */
  take(token: string): Promise<LinkRecord | null>
  /** Gives a link back that was taken in vain. */
  giveBack(token: string, record: LinkRecord): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    exportLinks: ExportLinks
  }
}

const TTL_SECONDS = 15 * 60
// Arguments that the link itself decides.
const OWN = ['limit', 'cursor', 'businessId']

/**
 * Links to files. Whoever has a link may open it, once: browsers prove nothing else. It is stored as a hash, and for
 * whom it was made is looked up again when it is opened.
 */
export default fp<{ clock: Clock; redis?: Redis }>(
  async (app, { clock, redis }) => {
    const memory = new LRUCache<string, string>({ max: 10_000, ttl: TTL_SECONDS * 1000 })
    const keyOf = (token: string) => `mcp:export:${createHash('sha256').update(token).digest('base64url')}`
    const guarded = <Args extends unknown[], T>(method: (...args: Args) => Promise<T>) =>
      orUnavailable('The store of links', method)

    const save = guarded(async (key: string, json: string, seconds: number): Promise<void> => {
      if (redis === undefined) memory.set(key, json, { ttl: seconds * 1000 })
      else await redis.set(key, json, 'EX', seconds)
    })
    const read = guarded(async (key: string) => (redis === undefined ? (memory.get(key) ?? null) : redis.get(key)))
    const remove = guarded(async (key: string): Promise<string | null> => {
      if (redis !== undefined) return redis.getdel(key)
      const json = memory.get(key) ?? null
      memory.delete(key)
      return json
    })

    function live(json: string | null): LinkRecord | null {
      if (json === null) return null
      const record = JSON.parse(json) as LinkRecord
      return record.expiresAt > clock().getTime() ? record : null
    }

    app.decorate('exportLinks', {
      async offer(wanted, context, origin) {
        const { principal, business, now } = context
        if (principal.kind === 'operator') {
          throw new ServiceError('forbidden', 'Files are made for the people of a business, not for operators.')
        }
        const { what, args, locale, format } = wanted
        const registered = app.registry.find(principal, what)
        if (registered === undefined || registered.tool.kind !== 'business') {
          throw app.registry.refusal(principal, what) ?? new ServiceError('not_found', `There is no ${what}.`)
        }
        const own = OWN.find((name) => name in args)
        if (own !== undefined) {
          throw new ServiceError(
            'invalid_argument',
            `arguments: leave out ${own}. A file has all rows of one business.`,
          )
        }
        if (format === 'excel_csv') excelDialect(locale ?? '')
        const { tool } = registered
        const input = registered.checkArguments(args) as Record<string, unknown>
        requireAllowed(tool, business, input, principal)
        // A wrong day or an unknown category is found only by the query.
        const checked = await tool.handler(
          { ...input, ...(tool.input.properties.limit === undefined ? {} : { limit: 1 }) },
          { ...context, forFile: true },
        )
        await app.rateLimits.countExport(principal.ref)

        const token = randomBytes(32).toString('base64url')
        const fileName = fileNameOf(wanted, localDate(now, business.timezone))
        const expiresAt = new Date(now.getTime() + TTL_SECONDS * 1000)
        const record: LinkRecord = {
          ...wanted,
          fileName,
          businessId: business.id,
          principal: recordOfPrincipal(principal),
          expiresAt: expiresAt.getTime(),
        }
        await save(keyOf(token), JSON.stringify(record), TTL_SECONDS)
        // The key is no part of the path, which is logged.
        const url = `${origin}/mcp/exports/${fileName}?key=${token}`
        return { url, holds: holdsOf(checked), fileName, mimeType: MIME_TYPES[format], expiresAt }
      },

      find: async (token) => live(await read(keyOf(token))),

      take: async (token) => live(await remove(keyOf(token))),

      async giveBack(token, record) {
        const seconds = Math.ceil((record.expiresAt - clock().getTime()) / 1000)
        if (seconds > 0) await save(keyOf(token), JSON.stringify(record), seconds)
      },
    } satisfies ExportLinks)
  },
  { name: 'export-links', dependencies: ['registry', 'rate-limit'] },
)
