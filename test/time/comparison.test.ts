import { describe, expect, it } from 'vitest'
import { comparisonsOf } from '../../src/time/comparison.ts'

// A Saturday morning.
const NOW = { date: '2026-11-28', time: '04:48:12.000' }
const of = (from: string, to: string, now = NOW) => comparisonsOf({ from, to }, now)
const until = NOW.time

describe('comparisonsOf', () => {
  it.each([
    ['a day that runs', '2026-11-28', '2026-11-28', ['2026-11-21', '2026-11-21'], ['2025-11-29', '2025-11-29'], until],
    ['a day', '2026-11-24', '2026-11-24', ['2026-11-17', '2026-11-17'], ['2025-11-25', '2025-11-25'], null],
    ['a week to date', '2026-11-23', '2026-11-28', ['2026-11-16', '2026-11-21'], ['2025-11-24', '2025-11-29'], until],
    ['a week', '2026-11-16', '2026-11-22', ['2026-11-09', '2026-11-15'], ['2025-11-17', '2025-11-23'], null],
    ['a weekend', '2026-11-21', '2026-11-22', ['2026-11-14', '2026-11-15'], ['2025-11-22', '2025-11-23'], null],
    ['seven days', '2026-11-22', '2026-11-28', ['2026-11-15', '2026-11-21'], ['2025-11-23', '2025-11-29'], until],
    ['thirty days', '2026-10-30', '2026-11-28', ['2026-09-30', '2026-10-29'], ['2025-10-30', '2025-11-28'], until],
    ['a month to date', '2026-11-01', '2026-11-28', ['2026-10-01', '2026-10-28'], ['2025-11-01', '2025-11-28'], until],
    ['a month', '2026-10-01', '2026-10-31', ['2026-09-01', '2026-09-30'], ['2025-10-01', '2025-10-31'], null],
    ['a February', '2026-02-01', '2026-02-28', ['2026-01-01', '2026-01-31'], ['2025-02-01', '2025-02-28'], null],
    ['a quarter', '2026-01-01', '2026-03-31', ['2025-10-01', '2025-12-31'], ['2025-01-01', '2025-03-31'], null],
    [
      'a quarter to date',
      '2026-10-01',
      '2026-11-28',
      ['2026-08-01', '2026-09-28'],
      ['2025-10-01', '2025-11-28'],
      until,
    ],
  ])('compares %s', (_, from, to, previous, year, until) => {
    expect(of(from, to)).toEqual({
      previous: { from: previous[0], to: previous[1], until },
      year: { from: year[0], to: year[1], until },
    })
  })

  it.each([
    ['a year to date', '2026-01-01', '2026-11-28', '2025-01-01', '2025-11-28', until],
    ['a year', '2025-01-01', '2025-12-31', '2024-01-01', '2024-12-31', null],
    ['eleven months', '2026-01-01', '2026-10-31', '2025-01-01', '2025-10-31', null],
  ])('compares %s with the same dates of the year before alone', (_, from, to, first, last, until) => {
    expect(of(from, to)).toEqual({ previous: { from: first, to: last, until }, year: null })
  })

  it('keeps a February whole where a leap year is compared', () => {
    expect(of('2028-02-01', '2028-02-29', { date: '2028-05-01', time: '09:00:00.000' })).toEqual({
      previous: { from: '2028-01-01', to: '2028-01-31', until: null },
      year: { from: '2027-02-01', to: '2027-02-28', until: null },
    })
  })

  it('says which day the other month lacks', () => {
    expect(of('2026-03-01', '2026-03-30', { date: '2026-03-30', time: '10:00:00.000' })).toEqual({
      previous: { reason: '2026-02 has no day 30' },
      year: { from: '2025-03-01', to: '2025-03-30', until: '10:00:00.000' },
    })
    expect(of('2028-02-01', '2028-02-29', { date: '2028-02-29', time: '10:00:00.000' }).year).toEqual({
      reason: '2027-02 has no day 29',
    })
  })
})
