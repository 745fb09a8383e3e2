import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { generateApiKey } from '../src/auth/api-key.ts'
import { SCOPES } from '../src/auth/scopes.ts'

/** This demo's own secret, stored so that tokens survive a restart. */
export async function keptSecret(directory: string): Promise<string> {
  const file = path.join(directory, 'token-secret')
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if (kept !== undefined) return kept
  const secret = randomBytes(32).toString('hex')
  await mkdir(directory, { recursive: true })
  await writeFile(file, secret, { mode: 0o600 })
  await chmod(file, 0o600)
  return secret
}

/**
 * The issuer's signing key, stored in the database, so that demos that share a database accept each other's sign-ins,
 * and a sign-in survives a restart.
 */
export async function keptSigningKey(
  client: pg.ClientBase,
  generate: () => { kid: string; privateKeyPem: string },
): Promise<{ kid: string; privateKeyPem: string }> {
  // Two demos that start at the same moment must not both create the schema.
  await client.query('select pg_advisory_lock(4711)')
  try {
    await client.query('create schema if not exists demo')
    await client.query('create table if not exists demo.signing_key (kid text primary key, private_key text not null)')
    const kept = await client.query<{ kid: string; private_key: string }>(
      'select kid, private_key from demo.signing_key',
    )
    const [row] = kept.rows
    if (row !== undefined) return { kid: row.kid, privateKeyPem: row.private_key }
    const key = generate()
    await client.query('insert into demo.signing_key (kid, private_key) values ($1, $2)', [key.kid, key.privateKeyPem])
    return key
  } finally {
    await client.query('select pg_advisory_unlock(4711)')
  }
}

/**
 * A new API key for this start; the previous one with the same label is deleted.
 * @param businessId of the API key; null for an operator's key
 */
export async function renewApiKey(client: pg.ClientBase, businessId: string | null, label: string): Promise<string> {
  const { rawKey, hash } = generateApiKey()
  await client.query('begin')
  await client.query("select set_config('app.business_id', $1, true), set_config('app.operator', $2, true)", [
    businessId ?? '',
    businessId === null ? 'on' : '',
  ])
  await client.query('delete from mcp_api_key where label = $1 and business_id is not distinct from $2', [
    label,
    businessId,
  ])
  await client.query(
    'insert into mcp_api_key (business_id, role, scopes, label, key_hash) values ($1, $2, $3, $4, $5)',
    [businessId, businessId === null ? 'platform_operator' : 'tenant_developer', [...SCOPES], label, hash],
  )
  await client.query('commit')
  return rawKey
}
