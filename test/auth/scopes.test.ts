import { expect, it } from 'vitest'
import { managesKeys, SCOPES, scopesOfRole } from '../../src/auth/scopes.ts'

it.each(['owner', 'Owner', 'admin', 'Admin', 'manager', 'StoreManager', 'store_manager'])('gives %s all', (role) => {
  expect(scopesOfRole(role)).toEqual(SCOPES)
  expect(managesKeys(role)).toBe(/owner|admin/i.test(role))
})

it.each(['cashier', 'Cashier', 'SalesAssociate', 'sales_associate'])('gives %s the till', (role) => {
  expect(scopesOfRole(role)).toEqual(['pos:read', 'pos:write'])
  expect(managesKeys(role)).toBe(false)
})

it.each(['', 'nonsense', 'Root', 'own er', 'constructor', '__proto__', 'owner, admin'])(
  'gives "%s" nothing',
  (role) => {
    expect(scopesOfRole(role)).toEqual([])
    expect(managesKeys(role)).toBe(false)
  },
)
