import { expect, it } from 'vitest'
import { compact, compactText } from '../../src/results/compact.ts'

it('groups amounts by thousands in text, and nothing else', () => {
  const columns = ['SKU', 'on hand', 'price', 'cost']
  const rows = [
    ['1234.5', '12000', '1234567.50', '2000'],
    ['SKU-2', '5', '', '2000'],
  ]
  const all = compact(columns, rows)
  expect(all.rows[0]).toEqual(['1234.5', '12000', '1234567.50'])
  expect(compactText(all, all.rows, ['price', 'cost'])).toBe(
    'All rows below: cost 2,000.\n|SKU|on hand|price\n|1234.5|12000|1,234,567.50\n|SKU-2|5',
  )
})
