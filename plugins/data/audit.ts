import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type AuditEntry, auditRow, insertAuditRows } from '../../src/audit/audit-row.ts'
import type { Barred } from '../../src/auth/assistant-policy.ts'
import type { Clock } from '../../src/time/clock.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Adds a row to the audit trail; writes it within a second or two, and never makes the call wait. */
    audit(entry: AuditEntry): void
    /**
     * The same for a credential that was refused. Those of a minute that are alike become one row, so that a flood of
     * them cannot fill the table.
     * @param barred whose it is, if a business refused it: the row is then among those of the business
     */
    auditRefusal(request: FastifyRequest, outcome: string, barred?: Barred): void
  }
}

const FLUSH_EVERY_MS = 1000
const MAX_WAITING = 5000
const REFUSALS_EVERY_MS = 60_000
/** Rows per minute and instance; further networks share a row for each outcome. */
const MAX_REFUSALS = 50

/** The audit trail: who did what with which credential, for which business, from where, and how it ended. */
export default fp<{ clock: Clock }>(
  async (app, { clock }) => {
    let waiting: ReturnType<typeof auditRow>[] = []
    let dropped = 0
    let flushing: Promise<void> = Promise.resolve()
    const refusals = new Map<string, ReturnType<typeof auditRow> & { occurrences: number }>()

    async function flush(): Promise<void> {
      if (waiting.length === 0) return
      const rows = waiting
      waiting = []
      try {
        await app.database.within({ operator: true }, 'write', (db) => insertAuditRows(db, rows))
      } catch (err) {
        // Kept for the next attempt, up to a limit: a read never fails because its audit row cannot be written.
        waiting = [...rows, ...waiting]
        dropped += waiting.splice(MAX_WAITING).length
        app.log.error({ err, waiting: waiting.length, dropped }, 'audit rows could not be written')
      }
    }

    function add(row: ReturnType<typeof auditRow>): void {
      if (waiting.length < MAX_WAITING) waiting.push(row)
      else dropped += 1
    }

    function addRefusals(): void {
      for (const row of refusals.values()) add(row)
      refusals.clear()
    }

    const timers = [
      setInterval(() => {
        flushing = flushing.then(flush)
      }, FLUSH_EVERY_MS),
      setInterval(addRefusals, REFUSALS_EVERY_MS),
    ]
    for (const timer of timers) timer.unref()

    app.decorate('audit', (entry: AuditEntry) => add(auditRow(entry)))
    app.decorate('auditRefusal', ({ auditCaller: caller, routeOptions }: FastifyRequest, outcome, barred) => {
      const subject = routeOptions.url ?? null
      const isCrowded = refusals.size >= MAX_REFUSALS
      const key = [caller.network, caller.client, outcome, subject, barred?.credentialId, barred?.businessId].join('|')
      const known = refusals.get(key) ?? (isCrowded ? refusals.get(outcome) : undefined)
      if (known !== undefined) {
        known.occurrences += 1
        return
      }
      const row = auditRow({
        at: clock(),
        kind: 'sign_in',
        action: 'refused',
        outcome,
        principal: barred?.principal ?? null,
        credentialId: barred?.credentialId ?? null,
        businessId: barred?.businessId ?? null,
        subject,
        caller,
      })
      const nobody = { principal: null, credential_id: null, business_id: null }
      const common = { network: null, client: null, request_id: null, subject: null, ...nobody }
      refusals.set(isCrowded ? outcome : key, { ...row, occurrences: 1, ...(isCrowded ? common : {}) })
    })
    // Calls under way at the shutdown have ended by now, and the database is closed only after this.
    app.addHook('onClose', async () => {
      for (const timer of timers) clearInterval(timer)
      addRefusals()
      await flushing.then(flush)
    })
  },
  { name: 'audit', dependencies: ['postgres', 'audit-caller'] },
)
