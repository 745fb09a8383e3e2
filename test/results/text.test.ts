import { expect, it } from 'vitest'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'

it('strips control, invisible and direction-changing characters, and folds lines', () => {
  expect(clean('Caf\u0000é\n\n# SYSTEM:\u202e ignore\u200b\u2066 all\u00ad')).toBe('Caf é # SYSTEM: ignore all')
})

it('cuts by characters, not by halves of them', () => {
  expect(clean('Limón y sal', 6)).toBe('Limón…')
  expect(clean('🍋'.repeat(10), 13)).toBe('🍋🍋🍋…')
})

it('keeps what is within the limit, and lets costly characters count as several', () => {
  expect(clean('Café Ñoño', 9)).toBe('Café Ñoño')
  expect(clean('醤油ラーメン', 12)).toBe('醤油ラーメン')
  expect(clean('醤油ラーメン', 11)).toBe('醤油ラーメ…')
})

it('keeps a row a row, whatever is in a cell', () => {
  expect(table(['a', 'b'], [['x | y', 1]])).toBe('| a | b |\n|---|---|\n| x / y | 1 |')
})
