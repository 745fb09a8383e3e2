import { beforeAll, describe, expect, it } from 'vitest'
import { addDays, daysBetween, isTimezone, localDate, localTime, weekStart, withOffset } from '../../src/time/local.ts'
import { windowOf } from '../../src/time/window.ts'
import { learnZones } from '../support/zones.ts'

beforeAll(() => learnZones('America/Guatemala', 'Asia/Kathmandu'))

describe('local time', () => {
  it('knows the day of a place at the same instant', () => {
    const instant = new Date('2026-11-22T02:30:00Z')
    expect(localDate(instant, 'America/Guatemala')).toBe('2026-11-21')
    expect(localDate(instant, 'Asia/Kathmandu')).toBe('2026-11-22')
    expect(localTime(instant, 'Asia/Kathmandu')).toBe('08:15:00.000')
    expect(withOffset(instant, 'America/Guatemala')).toBe('2026-11-21T20:30:00-06:00')
  })

  it('counts calendar days over changes of the clock and leap days', () => {
    expect(addDays('2026-03-28', 1)).toBe('2026-03-29')
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29')
    expect(daysBetween('2026-03-28', '2026-03-30')).toBe(3)
    expect(weekStart('2026-11-22')).toBe('2026-11-16')
  })

  it('distinguishes zones from offsets and nonsense', () => {
    expect(['Europe/Madrid', 'America/Guatemala', 'UTC'].every(isTimezone)).toBe(true)
    expect(['Europe/Lundon', '+01:00', '-06', ''].some(isTimezone)).toBe(false)
  })
})

describe('windowOf', () => {
  const soFar = '21:00'
  // A Sunday evening in Guatemala, Monday already in UTC.
  const now = new Date('2026-11-23T03:00:00Z')
  const of = (input: Parameters<typeof windowOf>[0]) => windowOf(input, now, 'America/Guatemala', 'today')

  it.each([
    ['today', '2026-11-22'],
    ['this_week', '2026-11-16'],
    ['this_month', '2026-11-01'],
    ['this_quarter', '2026-10-01'],
    ['last_7_days', '2026-11-16'],
    ['last_30_days', '2026-10-24'],
    ['last_90_days', '2026-08-25'],
    ['last_1_days', '2026-11-22'],
    ['last_14_days', '2026-11-09'],
    ['last_365_days', '2025-11-23'],
    ['last_4_weeks', '2026-10-26'],
    ['last_12_months', '2025-11-23'],
    ['last_2_years', '2024-11-23'],
    ['last_1_months', '2026-10-23'],
    ['this_year', '2026-01-01'],
  ] as const)('%s runs from %s until now', (preset, from) => {
    expect(of({ preset })).toEqual({ from, to: '2026-11-22', soFar })
  })

  it('refuses more years than a window may have, however many', () => {
    for (const preset of ['last_11_years', 'last_9999_years', 'last_9999_weeks'] as const) {
      expect(() => of({ preset })).toThrow('days')
    }
  })

  it.each([
    ['yesterday', '2026-11-21', '2026-11-21'],
    ['last_week', '2026-11-09', '2026-11-15'],
    ['last_month', '2026-10-01', '2026-10-31'],
    ['last_quarter', '2026-07-01', '2026-09-30'],
    ['last_year', '2025-01-01', '2025-12-31'],
  ] as const)('%s is %s to %s', (preset, from, to) => {
    expect(of({ preset })).toEqual({ from, to })
  })

  it('finds the quarter before over the turn of the year', () => {
    const inJanuary = new Date('2027-01-31T12:00:00Z')
    expect(windowOf({ preset: 'last_quarter' }, inJanuary, 'America/Guatemala', 'today')).toEqual({
      from: '2026-10-01',
      to: '2026-12-31',
    })
  })

  it('runs until today if only from is given, and takes the fallback if nothing is', () => {
    expect(of({ from: '2026-02-03' })).toEqual({ from: '2026-02-03', to: '2026-11-22', soFar })
    expect(of({})).toEqual({ from: '2026-11-22', to: '2026-11-22', soFar })
  })

  it('is over only when its last day is', () => {
    expect(of({ from: '2026-11-20', to: '2026-11-21' })).toEqual({ from: '2026-11-20', to: '2026-11-21' })
    expect(of({ from: '2026-11-20', to: '2026-11-22' })).toEqual({ from: '2026-11-20', to: '2026-11-22', soFar })
  })

  it('is cut off at today, and tells what was asked for', () => {
    expect(of({ from: '2026-11-01', to: '2026-11-30' })).toEqual({
      from: '2026-11-01',
      to: '2026-11-22',
      soFar,
      requestedTo: '2026-11-30',
    })
  })

  it.each([
    [{ to: '2026-01-01' }, 'from is required with to.'],
    [{ from: '2026-01-02', to: '2026-01-01' }, 'from must not be after to.'],
    [
      { from: '2020-01-01', to: '2026-01-01' },
      'from and to may span at most 1,100 days: up to 2026-01-01, from may be 2022-12-29 or later.',
    ],
    [{ from: '2024-01-01', preset: 'today' as const }, 'Give either preset, or from and to, not both.'],
    [
      { from: '2026-12-01' },
      'The window has not begun: from is 2026-12-01, and today is 2026-11-22 in America/Guatemala.',
    ],
    [
      { from: '2026-11-23', to: '2026-12-31' },
      'The window has not begun: from is 2026-11-23, and today is 2026-11-22 in America/Guatemala.',
    ],
    [
      { from: '2019-01-01' },
      'from and to may span at most 1,100 days: up to 2026-11-22, from may be 2023-11-19 or later.',
    ],
    [{ from: '9999-12-31' }, 'from and to must lie between 1900-01-01 and 2999-12-31.'],
  ])('refuses %j', (input, message) => {
    expect(() => of(input)).toThrow(expect.objectContaining({ code: 'invalid_argument', message }))
  })
})
