import fp from 'fastify-plugin'
import { sql } from 'kysely'

export interface AuditEntry {
  /** The instant of the call. */
  at: Date
  principal: string
  credentialId: string
  businessId: string | null
  tool: string
  /** `ok` or the code of the error. */
  outcome: string
  durationMs: number
  requestId: string
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Notes a tool call; written within a second or two, never waited for. */
    audit(entry: AuditEntry): void
  }
}

const FLUSH_EVERY_MS = 1000
const MAX_WAITING = 5000

/** The audit trail: who called which tool with which credential about which business, and how it ended. */
export default fp(
  async (app) => {
    let waiting: AuditEntry[] = []
    let dropped = 0
    let flushing: Promise<void> = Promise.resolve()

    async function flush(): Promise<void> {
      if (waiting.length === 0) return
      const entries = waiting
      waiting = []
      try {
        await app.database.within({ operator: true }, 'write', (db) =>
          sql`
            insert into mcp_audit
              (at, principal, credential_id, business_id, tool, outcome, duration_ms, request_id)
            select at, principal, "credentialId", "businessId", tool, outcome, "durationMs", "requestId"
            from json_to_recordset(${JSON.stringify(entries)}) as entry (
              at timestamptz, principal text, "credentialId" uuid, "businessId" uuid, tool text, outcome text,
              "durationMs" integer, "requestId" text)`.execute(db),
        )
      } catch (err) {
        // Kept for the next try, up to a bound: an audit that cannot be written never breaks a read.
        waiting = [...entries, ...waiting]
        dropped += waiting.splice(MAX_WAITING).length
        app.log.error({ err, waiting: waiting.length, dropped }, 'audit entries could not be written')
      }
    }

    const timer = setInterval(() => {
      flushing = flushing.then(flush)
    }, FLUSH_EVERY_MS)
    timer.unref()

    app.decorate('audit', (entry: AuditEntry) => {
      if (waiting.length < MAX_WAITING) waiting.push(entry)
      else dropped += 1
    })
    // Calls that are under way when the instance closes end before this, and the database stays open until after it.
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await flushing.then(flush)
    })
  },
  { name: 'audit', dependencies: ['postgres'] },
)
