import { stringify } from 'csv-stringify/sync'
import { Temporal } from 'temporal-polyfill'
import { detachAuditPartitions, makeAuditPartitions } from '../src/audit/partitions.ts'
import { readTrail, type TrailRow } from '../src/audit/trail.ts'
import type { Database } from '../src/database/database.ts'
import { ServiceError } from '../src/errors.ts'
import { clean } from '../src/results/text.ts'
import { action, instant, runCommand, UsageError, uuid } from './command.ts'

const USAGE = `npm run audit -- [--business ID] [--principal EMAIL_OR_ID] [--since 2026-11-01] [--until 2026-12-01]
                    [--action NAME] [--refused] [--limit 100] [--cursor CURSOR] [--json|--csv]
npm run audit -- retain --months 24 [--drop] [--json]

Who did what, newest first: calls of tools, reads of prompts and resources, the lives of tokens, keys and connections,
and what was refused.
  --business   of one business, with what its members did that is about none in particular
  --principal  of a user by e-mail address or id, of a key or token by id, or of "command", which is this command line
  --since, --until  dates (their start in UTC) or instants; the end does not count
  --action     a tool or another action, a kind (tool, prompt, resource, token, key, connection, membership, sign_in, assistants), or
               both, as in "key revoked"
  --refused    only what did not succeed
  --limit      rows, at most 10000; --cursor continues after those that were printed before

retain  takes months that are older out of the trail: each becomes a table of its own, which --drop deletes.`

const MAX_ROWS = 10_000

// Names were chosen by strangers, and a spreadsheet would run one that begins with =.
const CSV = { header: true, escape_formulas: true } as const

const DID: Record<string, string> = {
  'token exchanged': 'got a token',
  'token refreshed': 'renewed a token',
  'token ended': 'ended a token',
  'key made': 'made a key',
  'key first_used': 'was used for the first time',
  'key revoked': 'revoked a key',
  'key deleted': 'deleted a key',
  'connection consented': 'allowed a client to connect',
  'connection declined': 'did not allow a client to connect',
  'connection opened': 'connected a client',
  'connection ended': 'ended a connection',
  'membership made': 'made a member',
  'membership seen_gone': 'was refused, because the membership has ended',
  'sign_in linked': 'signed in for the first time',
  'sign_in refused': 'was refused',
  'assistants ended': "ended somebody's connection for the business",
  'assistants switched_on': 'switched assistants on',
  'assistants switched_off': 'switched assistants off',
  'assistants clients_restricted': 'restricted which clients may connect',
  'assistants clients_unrestricted': 'let all clients connect again',
}

await runCommand({
  usage: USAGE,
  options: {
    business: { type: 'string' },
    principal: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    action: { type: 'string' },
    refused: { type: 'boolean' },
    limit: { type: 'string' },
    cursor: { type: 'string' },
    csv: { type: 'boolean' },
    months: { type: 'string' },
    drop: { type: 'boolean' },
  },
  async run({ values, words, database }) {
    const [name] = action(words, { list: 0, retain: 0 }, 'list')
    if (name === 'retain') return retain(database, whole(values.months, 'months', 1200), values.drop ?? false)

    const query = {
      businessId: values.business === undefined ? undefined : uuid(values.business, '--business'),
      since: values.since === undefined ? undefined : instant(values.since, '--since'),
      until: values.until === undefined ? undefined : instant(values.until, '--until'),
      action: values.action,
      outcome: values.refused ? ('refused' as const) : undefined,
      limit: values.limit === undefined ? 100 : whole(values.limit, 'limit', MAX_ROWS),
      before: values.cursor === undefined ? undefined : readCursor(values.cursor),
    }
    const db = await database()
    await db.within({ operator: true }, 'write', makeAuditPartitions)
    const whose = values.principal === undefined ? undefined : await findPrincipal(db, values.principal.trim())
    const found = await db.within({ operator: true }, 'read', (trx) =>
      readTrail(trx, { ...query, whose, limit: query.limit + 1 }),
    )
    const rows = found.slice(0, query.limit)
    const last = rows.at(-1)
    const nextCursor = found.length > rows.length && last !== undefined ? `${last.at}/${last.id}` : undefined
    if (values.csv) return { json: { rows, nextCursor }, text: stringify(rows, CSV).trimEnd() }
    const more = nextCursor === undefined ? [] : ['', `There are more: --cursor ${nextCursor}`]
    return { json: { rows, nextCursor }, text: [...rows.map(describe), ...more].join('\n') || 'Nothing is recorded.' }
  },
})

async function retain(database: () => Promise<Database>, months: number, isDropped: boolean) {
  const before = Temporal.Now.plainDateISO('UTC').with({ day: 1 }).subtract({ months }).toString()
  const db = await database()
  // Two transactions: making months holds back those who read the trail, and detaching would wait for them.
  await db.within({ operator: true }, 'write', makeAuditPartitions)
  const tables = await db.within({ operator: true }, 'write', (trx) => detachAuditPartitions(trx, before, isDropped))
  const done = isDropped ? 'dropped' : 'detached'
  return {
    json: { before, [done]: tables },
    text: tables.map((table) => `${done} ${table}`).join('\n') || `There are no months before ${before}.`,
  }
}

async function findPrincipal(database: Database, given: string): Promise<string> {
  if (!given.includes('@')) return given
  const user = await database.within({ operator: true }, 'read', (db) =>
    db
      .selectFrom('app_user')
      .select('id')
      .where((eb) => eb(eb.fn<string>('lower', ['email']), '=', given.toLowerCase()))
      .executeTakeFirst(),
  )
  if (user === undefined) throw new ServiceError('not_found', `There is no user ${given}.`)
  return user.id
}

/** A row as a sentence: when, who, what, for which business, and from where. */
function describe(row: TrailRow): string {
  const did =
    row.kind === 'tool'
      ? `called ${row.action}`
      : row.kind === 'prompt' || row.kind === 'resource'
        ? `read the ${row.kind} ${row.action}`
        : (DID[`${row.kind} ${row.action}`] ?? `${row.kind} ${row.action}`)
  const key = row.keyLabel === null ? '' : `key "${clean(row.keyLabel, 60)}"`
  const isKeyItself = row.principal === `key:${row.credentialId}`
  const who = isKeyItself && key !== '' ? key : (row.principalEmail ?? row.principal ?? 'somebody unknown')
  const parts = [
    row.outcome === 'ok' ? '' : ` (${row.outcome})`,
    row.occurrences === 1 ? '' : ` ${row.occurrences} times`,
    isKeyItself || key === '' ? '' : `, ${key}`,
    row.subject === null ? '' : `, ${row.subject}`,
    row.businessName === null ? '' : `, in ${clean(row.businessName, 60)}`,
    row.client === null ? '' : `, with ${row.client}`,
    row.network === null ? '' : `, from ${row.network}`,
  ]
  return `${row.at.slice(0, 19).replace('T', ' ')}  ${who} ${did}${parts.join('')}`
}

function whole(text: string | undefined, option: string, max: number): number {
  if (text === undefined) throw new UsageError(`--${option} is missing.`)
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= max) return number
  throw new UsageError(`--${option}: "${text}" is no whole number from 1 to ${max}.`)
}

function readCursor(text: string): readonly [at: string, id: string] {
  const [, at, id] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\/(\d{1,18})$/.exec(text) ?? []
  if (at === undefined || id === undefined)
    throw new UsageError(`--cursor: "${text}" is not one that was printed here.`)
  return [at, id]
}
