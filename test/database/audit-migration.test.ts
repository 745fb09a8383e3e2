import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import pg from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { makeAuditPartitions } from '../../src/audit/partitions.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createKysely, createPool } from '../../src/database/pool.ts'

/** A database of an owner who is bound by row security, as production has it, migrated by them. */
async function startOwned() {
  const name = `owned_${randomUUID().slice(0, 8)}`
  const admin = new pg.Client({ connectionString: inject('postgresUrl') })
  await admin.connect()
  await admin.query(`create role ${name} login nobypassrls password 'x'`)
  await admin.query(`create database ${name} owner ${name}`)
  const url = new URL(inject('postgresUrl'))
  Object.assign(url, { pathname: `/${name}`, username: name, password: 'x' })
  const kysely = createKysely(createPool(url.href, { size: 1 }))
  const superUrl = new URL(inject('postgresUrl'))
  superUrl.pathname = `/${name}`
  const all = createPool(superUrl.href, { size: 1 })
  onTestFinished(async () => {
    await kysely.destroy()
    await all.end()
    await admin.query(`drop database ${name} with (force)`)
    await admin.query(`drop role ${name}`)
    await admin.end()
  })
  return { kysely, rows: async (query: string) => (await all.query(query)).rows }
}

it('keeps the rows of the audit trail, up and down, for an owner who is no superuser', async () => {
  const { kysely, rows } = await startOwned()
  await migrate(kysely)
  const steps = ['2026-12-01-audit', '2026-11-30-roles']
  expect((await migrate(kysely, 'down'))[0]).toBe(steps[0])
  await rows(`insert into mcp_audit (at, principal, tool, outcome, duration_ms, subject) values
    ('2025-03-31T23:59:59Z', 'user:a', 'create_order', 'ok', 5, 'order 1'), ('2026-02-01', 'key:b', 'get_order', 'not_found', 7, null)`)

  await migrate(kysely)
  const kept = await rows(
    'select id, tableoid::regclass::text as part, kind, action, outcome, subject from mcp_audit order by at',
  )
  expect(kept).toEqual([
    { id: '1', part: 'mcp_audit_2025_03', kind: 'tool', action: 'create_order', outcome: 'ok', subject: 'order 1' },
    { id: '2', part: 'mcp_audit_2026_02', kind: 'tool', action: 'get_order', outcome: 'not_found', subject: null },
  ])
  await rows(
    "insert into mcp_audit (at, kind, action, outcome) values ('2026-05-05', 'sign_in', 'refused', 'forbidden')",
  )
  expect(await makeAuditPartitions(kysely)).toContain('2026-05')
  const [moved] = await rows("select id, tableoid::regclass::text as part from mcp_audit where action = 'refused'")
  expect(moved).toEqual({ id: '3', part: 'mcp_audit_2026_05' })
  // The owner has taken itself out of row security only for as long as it moved rows.
  expect((await sql`select from mcp_audit`.execute(kysely)).rows).toEqual([])

  await migrate(kysely, 'down')
  expect(await rows('select id, principal, tool, outcome, duration_ms from mcp_audit order by at')).toEqual([
    { id: '1', principal: 'user:a', tool: 'create_order', outcome: 'ok', duration_ms: 5 },
    { id: '2', principal: 'key:b', tool: 'get_order', outcome: 'not_found', duration_ms: 7 },
    { id: '3', principal: '', tool: 'refused', outcome: 'forbidden', duration_ms: 0 },
  ])
  await expect(rows('delete from mcp_audit')).rejects.toThrow('append-only')
  await migrate(kysely, 'latest')
  expect(await rows('select id from mcp_audit order by at')).toHaveLength(3)
})
