import { Type } from '@sinclair/typebox'
import { expect, it } from 'vitest'
import { compileArgumentCheck } from '../../src/mcp/argument-check.ts'
import { Amount, Quantity, TaxRatePercent } from '../../src/mcp/arguments.ts'
import { renamedTool } from '../../src/mcp/former-names.ts'
import { StringEnum } from '../../src/results/schema.ts'
import { WINDOW_INPUT } from '../../src/time/window.ts'

const check = compileArgumentCheck(
  Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    active: Type.Optional(Type.Boolean()),
    price: Type.Optional(Amount('')),
    change: Type.Optional(Quantity('')),
    rate: TaxRatePercent,
    status: Type.Optional(StringEnum(['open', 'paid', 'at_risk'])),
    ...WINDOW_INPUT,
    name: Type.Optional(Type.String({ minLength: 1 })),
    note: Type.Optional(Type.String()),
    phone: Type.Optional(Type.String()),
    items: Type.Optional(Type.Array(Type.Object({ sku: Type.String({ minLength: 1 }), quantity: Quantity('') }))),
  }),
)

it.each([
  [{ limit: '5' }, { limit: 5 }],
  [{ limit: ' 5 ' }, { limit: 5 }],
  [{ active: 'true' }, { active: true }],
  [{ active: 'False' }, { active: false }],
  [{ price: 9.75 }, { price: '9.75' }],
  [{ price: 3 }, { price: '3' }],
  [{ price: '+12.50' }, { price: '12.50' }],
  [{ change: '+24' }, { change: '24' }],
  [{ change: -3 }, { change: '-3' }],
  [{ change: ' -2.5 ' }, { change: '-2.5' }],
  [{ from: ' 2026-03-01 ' }, { from: '2026-03-01' }],
  [{ status: 'OPEN' }, { status: 'open' }],
  [{ status: 'At risk' }, { status: 'at_risk' }],
  [{ status: 'at-risk' }, { status: 'at_risk' }],
  [{ preset: ' Last week' }, { preset: 'last_week' }],
  [{ preset: 'LAST_14_DAYS' }, { preset: 'last_14_days' }],
  [{ preset: 'last 12 months' }, { preset: 'last_12_months' }],
  [{ items: '[{"sku":"A","quantity":2}]' }, { items: [{ sku: 'A', quantity: '2' }] }],
  [{ items: ['{"sku":"A","quantity":"1"}'] }, { items: [{ sku: 'A', quantity: '1' }] }],
  [{ items: [{ sku: 12, quantity: 1 }] }, { items: [{ sku: '12', quantity: '1' }] }],
  [{ name: '', from: '', status: '', limit: '', active: '', price: '', items: '' }, {}],
  [{ name: null, items: null }, {}],
  // Where an empty text has a meaning, it is kept; other texts are kept as they are.
  [
    { rate: '', note: '' },
    { rate: '', note: '' },
  ],
  [
    { phone: '+502 5555', note: ' true ' },
    { phone: '+502 5555', note: ' true ' },
  ],
])('takes %j as it is meant', (given, taken) => {
  expect(check(given)).toEqual(taken)
})

it.each([
  [{ limit: 'five' }, 'limit must be integer'],
  [{ limit: '5.5' }, 'limit must be integer'],
  [{ limit: '1000' }, 'limit must be <= 100'],
  [{ active: 'yes' }, 'active must be boolean'],
  [{ price: '1,234.50' }, 'price must be a decimal number'],
  [{ price: 'Q9.75' }, 'price must be a decimal number'],
  [{ price: -1 }, 'price must be a decimal number'],
  [{ price: 1e30 }, 'price must be a decimal number'],
  [{ items: 'A' }, 'items must be array'],
  [{ items: '[{' }, 'items must be array'],
  [{ limits: '' }, 'Unknown argument "limits"'],
  [{ constructor: 'x' }, 'Unknown argument "constructor"'],
  [{ items: [{ sku: 'A', quantity: 1, discount: '' }] }, 'Unknown argument "discount" in items.0'],
])('refuses %j', (given, problem) => {
  expect(() => check(given)).toThrow(problem)
})

const TOOLS = [
  'get_product',
  'get_products',
  'get_sales_report',
  'list_orders',
  'get_order',
  'list_clients',
  'get_client',
]

it.each([
  ['get_orders', 'list_orders'],
  ['getOrders', 'list_orders'],
  ['list_order', 'get_order'],
  ['get_sales', 'get_sales_report'],
  ['search_products', 'get_products'],
  ['list-customers', 'list_clients'],
  ['get_customer', 'get_client'],
  ['list_tenants', undefined],
  ['constructor', undefined],
  ['', undefined],
])('takes %j for the name of %j', (name, tool) => {
  expect(renamedTool(name, TOOLS)).toBe(tool)
})
