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
    /** Records a tool call; writes it within a second or two, and never makes the call wait. */
    audit(entry: AuditEntry): void
  }
}

const FLUSH_EVERY_MS = 1000
const MAX_WAITING = 5000

/** The audit trail: who called which tool, with which credential, for which business, and how it ended. */
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
        // Kept for the next attempt, up to a limit: a read never fails because its audit entry cannot be written.
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
    // Calls under way at the shutdown have ended by now, and the database is closed only after this.
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await flushing.then(flush)
    })
  },
  { name: 'audit', dependencies: ['postgres'] },
)
