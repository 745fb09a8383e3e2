import { addAuditRows } from '../src/audit/audit-row.ts'
import { generateApiKey } from '../src/auth/api-key.ts'
import { intersectScopes, SCOPES, type Scope } from '../src/auth/scopes.ts'
import { listOf } from '../src/config.ts'
import type { Database } from '../src/database/database.ts'
import { ServiceError } from '../src/errors.ts'
import { action, instant, required, runCommand, UsageError, uuid } from './command.ts'

const USAGE = `npm run operator-key -- create --label LABEL [--scopes pos:read,…] [--expires 2030-01-31] [--json]
npm run operator-key -- list [--json]
npm run operator-key -- revoke ID [--json]

Keys of platform operators, who may choose any tenant. The key itself is printed once, by create, and never kept.
Scopes: ${SCOPES.join(', ')}; all of them by default. --expires is a date (its start in UTC) or an instant.`

await runCommand({
  usage: USAGE,
  options: { label: { type: 'string' }, scopes: { type: 'string' }, expires: { type: 'string' } },
  async run({ values, words, database }) {
    const [name, id] = action(words, { create: 0, list: 0, revoke: 1 })
    if (name === 'list') return list(await database())
    if (name === 'revoke') return revoke(database, uuid(required(id, 'ID'), 'ID'))

    const label = required(values.label, 'label')
    const scopes = values.scopes === undefined ? [...SCOPES] : readScopes(values.scopes)
    const expiresAt = values.expires === undefined ? null : readExpiry(values.expires)
    return create(await database(), label, scopes, expiresAt)
  },
})

async function create(database: Database, label: string, scopes: Scope[], expiresAt: Date | null) {
  const { rawKey, hash } = generateApiKey()
  const { id } = await database.within({ operator: true }, 'write', async (db) => {
    const key = await db
      .insertInto('mcp_api_key')
      .values({ role: 'platform_operator', label, scopes, key_hash: hash, expires_at: expiresAt })
      .returning('id')
      .executeTakeFirstOrThrow()
    await addAuditRows(db, { kind: 'key', action: 'made', principal: 'command', credentialId: key.id })
    return key
  })
  return {
    json: { id, label, scopes, expiresAt, rawKey },
    text: `${rawKey}\n\nThis is the only time the key is shown. Its id is ${id}.`,
  }
}

async function list(database: Database) {
  const keys = await database.within({ operator: true }, 'read', (db) =>
    db
      .selectFrom('mcp_api_key')
      .where('role', '=', 'platform_operator')
      .select(['id', 'label', 'scopes', 'is_active as isActive'])
      .select(['created_at as createdAt', 'expires_at as expiresAt', 'last_used_at as lastUsedAt'])
      .orderBy('created_at')
      .orderBy('id')
      .execute(),
  )
  const day = (date: Date | null) => date?.toISOString().slice(0, 10) ?? 'never'
  return {
    json: { keys },
    text:
      keys
        .map((key) => {
          const state = key.isActive ? `expires ${day(key.expiresAt)}` : 'revoked'
          return `${key.id}  ${key.label}  ${key.scopes.join(',')}  ${state}, last used ${day(key.lastUsedAt)}`
        })
        .join('\n') || 'There is no operator key yet.',
  }
}

async function revoke(database: () => Promise<Database>, id: string) {
  const found = await (await database()).within({ operator: true }, 'write', async (db) => {
    const key = await db
      .updateTable('mcp_api_key')
      .set({ is_active: false })
      .where('id', '=', id)
      .where('role', '=', 'platform_operator')
      .returning('id')
      .executeTakeFirst()
    if (key) await addAuditRows(db, { kind: 'key', action: 'revoked', principal: 'command', credentialId: key.id })
    return key
  })
  if (!found) throw new ServiceError('not_found', `There is no operator key ${id}.`)
  return { json: { id, isActive: false }, text: `Revoked ${id}; it stops working within a minute.` }
}

function readScopes(text: string): Scope[] {
  const wanted = listOf(text)
  const unknown = wanted.filter((scope) => !SCOPES.some((known) => known === scope))
  if (unknown.length > 0 || wanted.length === 0) {
    throw new UsageError(`--scopes: "${unknown.join(', ')}" is none of ${SCOPES.join(', ')}.`)
  }
  return intersectScopes(wanted as Scope[], SCOPES)
}

function readExpiry(text: string): Date {
  const at = instant(text, '--expires')
  if (at.getTime() <= Date.now()) throw new UsageError(`--expires: ${text} is in the past.`)
  return at
}
