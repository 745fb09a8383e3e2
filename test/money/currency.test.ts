import { expect, it } from 'vitest'
import { currencyDigits } from '../../src/money/currency.ts'

// ISO 4217, list one, read by hand.
it.each(
  Object.entries({
    0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
    // Shops write many of these without a fraction, and Node's own data follow them.
    2: 'AFN ALL COP HUF IDR IRR KPW LAK LBP MGA MMK PKR SOS SYP YER RSD CRC TZS USD EUR GTQ MXN CHF GBP SLE VES ZWG XCG',
    3: 'BHD IQD JOD KWD LYD OMR TND',
    4: 'CLF UYW',
  }).flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, Number(digits)] as const)),
)('%s has %i digits', (code, digits) => {
  expect(currencyDigits(code)).toBe(digits)
})

it.each(['DEM', 'HRK', 'SLL', 'ZWL', 'XAU', 'XXX', 'XTS', 'BTC', 'gtq', 'GT', '', 'toString'])('%j is none', (code) => {
  expect(currencyDigits(code)).toBeUndefined()
})
