import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../plugins/mcp/registry.ts'
import { someRow } from './support/made-up-row.ts'
import { call, type Service, startService } from './support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Shop } from './support/shop.ts'

// Two shops with a row in every table. Whatever one asks, nothing of the other may come back.
let service: Service
let mine: Shop
let foreign: Shop
let token: string
let foreignOrder: string

const SECRET = 'ZZFOREIGN'

beforeAll(async () => {
  service = await startService({ users: ['ana', 'eve'] })
  mine = await makeShop(service.db, { name: 'Mine' })
  foreign = await makeShop(service.db, { name: `${SECRET} Shop` })
  await makeUser(service.db, 'eve', [{ shop: foreign, role: 'owner' }])
  await makeUser(service.db, 'ana', [{ shop: mine, role: 'owner' }])
  token = await service.tokenOf('ana')
  await service.tokenOf('eve')
  for (const [shop, name] of [
    [mine, 'Pan'],
    [foreign, `${SECRET} Pan`],
  ] as const) {
    const product = await makeProduct(service.db, shop, { sku: `${name}-1`, name, category: name })
    const orderId = await makeOrder(service.db.database, shop, {
      number: `${name}-100`,
      at: service.now.toISOString(),
      lines: [{ ...product, quantity: '2', unitPrice: '10' }],
      payments: [{ method: `${name} cash`, amount: '20' }],
    })
    const lines = [{ ...product, line: 1, quantity: '1', returns: '10' }]
    await makeRefund(service.db.database, shop, { orderId, at: service.now.toISOString(), lines })
    if (shop === foreign) foreignOrder = orderId
    const [location] = shop.locations
    await service.db.asOwner(`
      insert into supplier (business_id, name) values ('${shop.id}', '${name}');
      insert into customer (business_id, code, name) values ('${shop.id}', '${name}', '${name}');
      update orders set customer_id = c.id from customer c
        where orders.business_id = '${shop.id}' and c.business_id = orders.business_id;
      insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
        values ('${shop.id}', '${location}', '${product.variantId}', 5, 'opening');
      insert into mcp_api_key (business_id, role, scopes, label, key_hash)
        values ('${shop.id}', 'merchant', '{pos:read}', '${name}', sha256('${name}'));
      insert into mcp_audit (principal, business_id, action, outcome) values ('p', '${shop.id}', 't', 'ok');
      insert into idempotency (business_id, principal, key, tool, arguments_hash, result)
        values ('${shop.id}', 'p', 'k', 't', sha256('x'), '{}')`)
  }
  const columns = await service.db.asOwner<{ table: string }>(`
    select table_name as table from information_schema.columns
    where table_schema = 'public' and column_name = 'business_id' order by 1`)
  for (const { table } of columns) await someRow(service.db, table, foreign.id, SECRET)
})
afterAll(() => service?.close())

describe('row-level security', () => {
  const tables = async () => {
    const rows = await service.db.asOwner<{ name: string; on: boolean; forced: boolean }>(`
      select relname as name, relrowsecurity as on, relforcerowsecurity as forced from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not like 'kysely_%' order by 1`)
    expect(rows.length).toBeGreaterThanOrEqual(27)
    return rows
  }

  it('is on and forced for every table, and every table has a foreign row to hide', async () => {
    for (const { name, on, forced } of await tables()) {
      expect({ on, forced }, `${name} needs row level security, enabled and forced`).toEqual({ on: true, forced: true })
      const [row] = await service.db.asOwner<{ count: string }>(`select count(*) from ${name}`)
      expect(row?.count, `${name}: insert a row that mine must not see, in the beforeAll`).not.toBe('0')
    }
  })

  it('is supported by keys that begin with the business, so that no row refers to another one', async () => {
    // Rows of these tables are found before their business is known, or may have none.
    const alone = ['mcp_api_key', 'mcp_audit', 'mcp_audit_default']
    const keys = await service.db.asOwner<{ table: string; key: string; first: string; target: string | null }>(`
      select k.conrelid::regclass::text as table, k.conname as key, own.attname as first, other.attname as target
      from pg_constraint k
      join pg_attribute own on own.attrelid = k.conrelid and own.attnum = k.conkey[1]
      left join pg_attribute other on other.attrelid = k.confrelid and other.attnum = k.confkey[1]
      where k.connamespace = 'public'::regnamespace
        and exists (select from pg_attribute where attrelid = k.conrelid and attname = 'business_id')
        and (k.contype = 'p' or k.contype = 'f'
          and exists (select from pg_attribute where attrelid = k.confrelid and attname = 'business_id'))`)
    expect(keys.length).toBeGreaterThan(40)
    for (const { table, key, first, target } of keys) {
      if (alone.includes(table) && target === null) continue
      const advice = `${key} of ${table} must begin with business_id`
      expect({ first, target: target ?? 'business_id' }, advice).toEqual({
        first: 'business_id',
        target: 'business_id',
      })
    }
  })

  it('shows no row of any table without a business, nor a foreign one with it', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000'
    // The service writes the audit trail, and never reads it.
    const unread = ['mcp_audit_default']
    for (const { name } of await tables()) {
      if (unread.includes(name)) continue
      const unset = await service.db.database.within({ userId: nobody }, 'read', (db) =>
        sql<{ count: string }>`select count(*) from ${sql.table(name)}`.execute(db),
      )
      expect({ name, count: unset.rows[0]?.count }).toEqual({ name, count: '0' })
      const own = await service.db.database.within({ businessId: mine.id }, 'read', (db) =>
        sql<{ row: string }>`select to_jsonb(t)::text as row from ${sql.table(name)} t`.execute(db),
      )
      for (const { row } of own.rows) {
        expect(row).not.toContain(foreign.id)
        expect(row).not.toContain(SECRET)
      }
    }
  })

  it('refuses to write for another business, or to point into one', async () => {
    const asMine = (statement: ReturnType<typeof sql>) =>
      service.db.database.within({ businessId: mine.id }, 'write', (db) => statement.execute(db))
    await expect(asMine(sql`insert into category (business_id, name) values (${foreign.id}, 'x')`)).rejects.toThrow(
      /row-level security/,
    )
    const moved = await asMine(sql`update product set name = 'x' where business_id = ${foreign.id}`)
    expect(moved.numAffectedRows).toBe(0n)
    await expect(
      asMine(sql`insert into order_payment (business_id, order_id, payment_number, method, amount)
        values (${mine.id}, ${foreignOrder}, 1, 'cash', 1)`),
    ).rejects.toThrow(/foreign key/)
  })

  it('lets nobody make or move an API key by its hash alone', async () => {
    const hash = (text: string) => createHash('sha256').update(text).digest()
    const withHash = (keyHash: Buffer, statement: ReturnType<typeof sql>) =>
      service.db.database.within({ keyHash }, 'write', (db) => statement.execute(db))
    for (const businessId of [foreign.id, null]) {
      await expect(
        withHash(hash('Pan'), sql`update mcp_api_key set business_id = ${businessId}, role = 'platform_operator'`),
      ).rejects.toThrow(/permission denied/)
    }
    const made = sql`insert into mcp_api_key (business_id, role, scopes, label, key_hash)
      values (${foreign.id}, 'merchant', '{pos:read}', 'x', ${hash('new')})`
    await expect(withHash(hash('new'), made)).rejects.toThrow(/row-level security/)
  })

  it('leaves totals, stock and ledgers to the database', async () => {
    const asMine = (statement: ReturnType<typeof sql>) =>
      service.db.database.within({ businessId: mine.id }, 'write', (db) => statement.execute(db))
    for (const statement of [
      sql`update inventory set on_hand = 1000`,
      sql`update orders set gross_sales = 0`,
      sql`update sales_daily set gross_sales = 0`,
      sql`delete from product_daily`,
      sql`update inventory_movement set quantity = 1`,
      sql`delete from mcp_audit`,
      sql`delete from orders`,
    ]) {
      await expect(asMine(statement)).rejects.toThrow(/permission denied/)
    }
  })
})

describe('no tool shows another tenant', () => {
  it('whatever is asked', async () => {
    const product = await service.db.asOwner<{ id: string }>('select id from product where business_id = $1', [
      foreign.id,
    ])
    const guesses: Record<string, unknown> = {
      businessId: foreign.id,
      locationId: foreign.locations[0],
      order: foreignOrder,
      clientId: foreign.id,
      search: SECRET,
      category: SECRET,
      tenantId: foreign.id,
      productId: product[0]?.id,
      product: product[0]?.id,
      variant: `${SECRET} Pan-1`,
      supplierId: foreign.id,
      supplier: SECRET,
      client: `${SECRET} Pan`,
      board: SECRET,
      boardId: foreign.id,
      // A part of a name finds as well; a refusal may repeat it, and does not tell the rest.
      assignee: SECRET.slice(0, -1),
      fromLocationId: foreign.locations[0],
      toLocationId: foreign.locations[0],
      items: [{ product: `${SECRET} Pan-1`, quantity: '1' }],
      sku: `${SECRET} Pan-1`,
    }
    // The other arguments that a tool needs in order to look the guess up.
    const needed: Record<string, unknown> = {
      name: 'x',
      sku: 'x',
      price: '1',
      reason: 'x',
      change: '1',
      product: 'Pan-1',
      variant: 'Pan-1',
      client: 'Pan',
      order: 'Pan-100',
      board: 'x',
      fromLocationId: mine.locations[0],
      toLocationId: mine.locations[0],
      items: [{ product: 'Pan-1', quantity: '1' }],
      dryRun: true,
    }
    for (const tool of await loadTools()) {
      const properties = Object.keys(tool.input.properties)
      const attempts = [
        {},
        { businessId: foreign.id },
        ...properties
          .filter((name) => name in guesses)
          .map((name) => {
            const required = (tool.input.required ?? []).concat(
              tool.kind === 'business' && tool.mode === 'write' ? 'dryRun' : [],
            )
            const rest = Object.fromEntries(Object.entries(needed).filter(([each]) => required.includes(each)))
            return { ...rest, [name]: guesses[name] }
          }),
        { order: `${SECRET} Pan-100` },
      ]
      for (const args of attempts) {
        const { body } = await call(service.app, token, tool.name, args)
        // Answers may repeat what the caller has guessed.
        const echoes = [foreign.id, foreignOrder, guesses.sku as string]
        const answer = echoes.reduce((rest, echo) => rest.replaceAll(echo, ''), JSON.stringify(body))
        expect({ tool: tool.name, args, leaks: answer.includes(SECRET) }).toEqual({
          tool: tool.name,
          args,
          leaks: false,
        })
        expect(JSON.stringify(body)).not.toContain('internal_error')
      }
    }
  })

  it('and answers alike to a foreign order and to one that does not exist', async () => {
    const known = await call(service.app, token, 'get_order', { order: foreignOrder })
    const unknown = await call(service.app, token, 'get_order', { order: '00000000-0000-4000-8000-000000000000' })
    expect(known.text).toBe(unknown.text)
    expect(known.isError).toBe(true)
  })
})
