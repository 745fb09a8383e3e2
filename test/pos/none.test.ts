import { describe, expect, it } from 'vitest'
import { saysNone } from '../../src/pos/none.ts'
import { UNKNOWN } from '../../src/pos/reports/dimensions.ts'

describe('none', () => {
  it.each(['client', 'city', 'category', 'supplier', 'employee', 'payment_method', 'tax_rate'] as const)(
    'of %s is what its rows are called',
    (kind) => {
      for (const text of [UNKNOWN[kind], 'none', ' Ninguno ', 'NULL', 'unknown']) {
        expect([text, saysNone(kind, text)]).toEqual([text, true])
      }
    },
  )

  it.each([
    ['client', 'sin cliente'],
    ['client', 'without a client'],
    ['client', 'no customer'],
    ['employee', 'nadie'],
    ['employee', 'Sin vendedor'],
    ['employee', 'no known seller'],
    ['category', 'sin categoría'],
    ['supplier', 'ningún proveedor'],
    ['city', 'sin ciudad'],
    ['payment_method', 'sin método de pago'],
  ] as const)('of %s is also "%s"', (kind, text) => {
    expect(saysNone(kind, text)).toBe(true)
  })

  it.each([
    ['client', 'Sin Fronteras, S. A.'],
    ['client', 'Nonesuch'],
    ['client', 'no category'],
    ['category', 'Sin gluten'],
    ['employee', 'Nadia'],
    ['supplier', 'Sincliente'],
  ] as const)('of %s is not "%s"', (kind, text) => {
    expect(saysNone(kind, text)).toBe(false)
  })
})
