import { sql } from 'kysely'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { makeAuditPartitions } from '../../src/audit/partitions.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createOwnedDatabase } from '../support/owned-database.ts'

it('keeps the rows of the audit trail, up and down, for an owner who is no superuser', async () => {
  const { kysely, rows } = await createOwnedDatabase()
  await migrate(kysely)
  const step = '2026-12-01-audit'
  const downTo = async (name: string) => {
    for (let gone = ''; gone !== name; ) gone = (await migrate(kysely, 'down'))[0] ?? ''
  }
  await downTo(step)
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

  await downTo(step)
  expect(await rows('select id, principal, tool, outcome, duration_ms from mcp_audit order by at')).toEqual([
    { id: '1', principal: 'user:a', tool: 'create_order', outcome: 'ok', duration_ms: 5 },
    { id: '2', principal: 'key:b', tool: 'get_order', outcome: 'not_found', duration_ms: 7 },
    { id: '3', principal: '', tool: 'refused', outcome: 'forbidden', duration_ms: 0 },
  ])
  await expect(rows('delete from mcp_audit')).rejects.toThrow('append-only')
  await migrate(kysely, 'latest')
  expect(await rows('select id from mcp_audit order by at')).toHaveLength(3)
})

it('makes the month of rows that are being added', async () => {
  const { kysely, rows, superuserUrl } = await createOwnedDatabase()
  await migrate(kysely)
  const [first, second] = [superuserUrl, superuserUrl].map((url) => new pg.Client(url)) as [pg.Client, pg.Client]
  for (const client of [first, second]) {
    await client.connect()
    onTestFinished(() => client.end())
  }
  const add = `insert into mcp_audit (at, kind, action, outcome) values ('2026-05-05', 'sign_in', 'refused', 'forbidden')`
  const waiting = async () => {
    const [row] = await rows(`
      select count(*)::int as sessions from pg_locks where relation::regclass::text like 'mcp_audit%' and not granted
        and database = (select oid from pg_database where datname = current_database())`)
    return row?.sessions
  }
  await rows(add)
  await first.query('begin')
  await first.query(add)
  // Two at once: neither may wait for the other while the other waits for it.
  const making = Promise.all([makeAuditPartitions(kysely), makeAuditPartitions(kysely)])
  await expect.poll(waiting).toBe(1)
  const all = Promise.all([making, second.query(add)])
  await expect.poll(waiting).toBe(2)
  await first.query('commit')

  const [made] = await all
  expect(made.flat().filter((month) => month === '2026-05')).toEqual(['2026-05'])
  const part = 'mcp_audit_2026_05'
  expect(await rows(`select tableoid::regclass::text as part from mcp_audit`)).toEqual([{ part }, { part }, { part }])
})
