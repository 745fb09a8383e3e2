import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

let service: Service
const tokens: Record<string, string> = {}

const USERS = ['owner', 'manager', 'cashier', 'newcomer']

beforeAll(async () => {
  service = await startService({ users: USERS })
  const { asOwner } = service.db
  const shop = await makeShop(service.db)
  const other = await makeShop(service.db, { name: 'Bar Sol' })
  const roles: Record<string, string> = {
    owner: 'owner',
    manager: 'store_manager',
    cashier: 'Cashier',
    newcomer: 'cashier',
  }
  const ids: Record<string, string> = {}
  for (const name of USERS) {
    ids[name] = await makeUser(service.db, name, [{ shop, role: roles[name] as string }])
    tokens[name] = await service.tokenOf(name)
  }
  await asOwner(
    `insert into employee (business_id, number, name, location_id, position, is_active, user_id) values
     ($1, '7', 'Ñusta Quispe', $2, 'Cajera', true, $3),
     ($1, '12', E'Eva\\u202e | Sol', null, null, false, null),
     ($1, 'B-1', 'Iván Açaí', $2, 'Encargado', true, null),
     ($4, '7', 'Secreto', null, null, true, null)`,
    [shop.id, shop.locations[0], ids.cashier, other.id],
  )
})
afterAll(() => service?.close())

const list = async (user: string, args = {}) => call(service.app, tokens[user] as string, 'list_employees', args)
const numbers = ({ data }: { data: { employees: { number: string }[] } }) => data.employees.map(({ number }) => number)

const NUSTA = { number: '7', name: 'Ñusta Quispe', position: 'Cajera', location: 'Location 1', isActive: true }

describe('list_employees', () => {
  it.each(['owner', 'manager'])('shows everybody to an %s', async (user) => {
    const { data, text } = await list(user)
    expect(data.employees).toEqual([
      { number: '12', name: 'Eva | Sol', position: null, location: null, isActive: false },
      NUSTA,
      { number: 'B-1', name: 'Iván Açaí', position: 'Encargado', location: 'Location 1', isActive: true },
    ])
    expect(text).toContain('| 12 | Eva / Sol (switched off) | – | – |\n| 7 | Ñusta Quispe | Cajera | Location 1 |')
  })

  it('shows a cashier themselves alone, and nobody to one who is not entered', async () => {
    const own = await list('cashier')
    expect(own.data).toMatchObject({ employees: [NUSTA], hasMore: false })
    expect(own.text).toContain('Others are shown to owners, admins and managers.')
    expect(numbers(await list('cashier', { search: 'Eva' }))).toEqual([])
    const none = await list('newcomer')
    expect(none.data.employees).toEqual([])
    expect(none.text).toMatch(/^No employees match\./)
  })

  it.each([
    ['quispe', ['7']],
    ['NUSTA', ['7']],
    ['encarg', ['B-1']],
    ['b-1', ['B-1']],
    ['location 1', ['7', 'B-1']],
    ['Secreto', []],
  ])('finds %j', async (search, found) => {
    expect(numbers(await list('owner', { search }))).toEqual(found)
  })

  it('gives everybody once over all pages', async () => {
    const first = await list('owner', { limit: 2 })
    expect(first.text).toMatch(/^Only 2 of 3 employees are shown/)
    const second = await list('owner', { limit: 2, cursor: first.data.nextCursor })
    expect([...numbers(first), ...numbers(second)]).toEqual(['12', '7', 'B-1'])
    expect(second.data.hasMore).toBe(false)
  })
})
