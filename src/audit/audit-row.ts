import { type Insertable, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { DB } from '../database/types.ts'
import { type Caller, currentCaller } from './caller.ts'

/** What the rows of the audit trail are about, with the actions of each; a tool, prompt, resource or the list of a file is named instead. */
export const AUDITED = {
  tool: [],
  prompt: [],
  resource: [],
  token: ['exchanged', 'refreshed', 'ended'],
  key: ['made', 'first_used', 'revoked', 'deleted'],
  connection: ['consented', 'declined', 'opened', 'ended'],
  membership: ['made', 'seen_gone'],
  sign_in: ['linked', 'refused'],
  assistants: ['ended', 'switched_on', 'switched_off', 'clients_restricted', 'clients_unrestricted'],
  export: [],
} as const satisfies Record<string, readonly string[]>

type Kind = keyof typeof AUDITED
type ActionOf<K extends Kind> = (typeof AUDITED)[K] extends readonly [] ? string : (typeof AUDITED)[K][number]

interface About {
  /** Default: now. */
  at?: Date
  /** `ok` or the code of an error. */
  outcome?: string
  /** `user:<id>`, `key:<id>` or `command`; null for nobody who is known. */
  principal: string | null
  /** The key, or the family of the token. */
  credentialId?: string | null
  businessId?: string | null
  durationMs?: number
  /** Whose request it is. Default: the one on whose behalf this runs. */
  caller?: Caller | undefined
  /** Default: the caller's. */
  requestId?: string
  /** The row that was changed, or who made the change: ids and fixed words, nothing that people have written. */
  subject?: string | null
  /** How many alike it stands for. */
  occurrences?: number
}

/** A row of the audit trail. It holds no argument of a call, and no name or address of a person. */
export type AuditEntry = About & { [K in Kind]: { kind: K; action: ActionOf<K> } }[Kind]

/** An entry as it is stored, with whose request it belongs to. */
export function auditRow({ at, kind, action, principal, ...entry }: AuditEntry): Insertable<DB['mcp_audit']> {
  const caller = entry.caller ?? currentCaller()
  return {
    at: at ?? new Date(),
    kind,
    action: action.slice(0, 100),
    outcome: entry.outcome ?? 'ok',
    principal,
    credential_id: entry.credentialId ?? null,
    business_id: entry.businessId ?? null,
    client: caller?.client ?? null,
    network: caller?.network ?? null,
    duration_ms: entry.durationMs ?? null,
    request_id: entry.requestId ?? caller?.requestId ?? null,
    subject: entry.subject ?? null,
    occurrences: entry.occurrences ?? 1,
  }
}

/** Adds rows in the transaction of what they tell. */
export async function addAuditRows(db: Transaction, ...entries: AuditEntry[]): Promise<void> {
  await insertAuditRows(db, entries.map(auditRow))
}

/** Adds rows, however many. */
export async function insertAuditRows(db: Transaction, rows: Insertable<DB['mcp_audit']>[]): Promise<void> {
  if (rows.length === 0) return
  const columns = sql.join(Object.keys(rows[0] as object).map((column) => sql.ref(column)))
  await sql`
    insert into mcp_audit (${columns})
    select ${columns} from json_populate_recordset(null::mcp_audit, ${JSON.stringify(rows)})`.execute(db)
}

/** The business of an event that is not about one in particular: that of a person who has only one. */
export function onlyBusiness(businesses: readonly { id: string }[]): string | null {
  const [first, second] = businesses
  return first !== undefined && second === undefined ? first.id : null
}
