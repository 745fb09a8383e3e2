import { beforeAll, describe, expect, it } from 'vitest'
import { type DateCells, type DayOrder, dateReader, shownOrder } from '../../src/import/dates.ts'
import { learnZones } from '../support/zones.ts'

const ZONES = [
  'America/Guatemala',
  'America/Los_Angeles',
  'America/New_York',
  'Asia/Tokyo',
  'Europe/London',
  'Europe/Madrid',
]

beforeAll(() => learnZones(...ZONES))

const readCells = (
  cells: DateCells,
  { format = undefined as string | undefined, order = undefined as DayOrder | undefined, zone = 'America/Guatemala' },
) => dateReader(format, order)(cells, { times: zone, days: zone })
const read = (date: string, format?: string, zone?: string) =>
  readCells({ date }, { format, ...(zone ? { zone } : {}) })?.at.toISOString()

describe('dateReader', () => {
  it.each([
    ['2026-03-01', '2026-03-01T18:00:00.000Z'],
    ['2026-03-01 09:30', '2026-03-01T15:30:00.000Z'],
    ['2026-03-01T09:30:15', '2026-03-01T15:30:15.000Z'],
    ['2026-03-01T09:30:15.250Z', '2026-03-01T09:30:15.250Z'],
    ['2026-03-01T09:30+02:00', '2026-03-01T07:30:00.000Z'],
    ['2026-03-01 09:30:00-0600', '2026-03-01T15:30:00.000Z'],
  ])('reads ISO 8601 without a format: %s', (text, expected) => {
    expect(read(text)).toBe(expected)
  })

  it.each([
    ['d/M/yyyy', '1/12/2010', '2010-12-01T12:00:00.000Z'],
    ['d/M/yyyy', '31/1/2010', '2010-01-31T12:00:00.000Z'],
    ['dd-MM-yyyy HH:mm', '01-07-2010 00:05', '2010-06-30T23:05:00.000Z'],
    ['M/d/yyyy h:mm a', '12/1/2010 12:00 AM', '2010-12-01T00:00:00.000Z'],
    ['M/d/yyyy h:mm a', '12/1/2010 12:30 pm', '2010-12-01T12:30:00.000Z'],
    ['d.M.yy H:m:s', '1.2.26 7:5:9', '2026-02-01T07:05:09.000Z'],
    ['yyyyMMdd', '20261201', '2026-12-01T12:00:00.000Z'],
    ["d'M'yyyy", "1'12'2010", '2010-12-01T12:00:00.000Z'],
    ['d/M/yyyy h:mm a', '01/12/2010 05:07 p. m.', '2010-12-01T17:07:00.000Z'],
    ['dd/MM/yy', '01/12/99', '2099-12-01T12:00:00.000Z'],
    // The clock goes from 01:00 to 02:00, and later in the year from 02:00 back to 01:00: the first of both.
    ['d/M/yyyy H:mm', '29/3/2026 1:30', '2026-03-29T01:30:00.000Z'],
    ['d/M/yyyy H:mm', '25/10/2026 1:30', '2026-10-25T00:30:00.000Z'],
  ])('reads %s: %s', (format, text, expected) => {
    expect(read(text, format, 'Europe/London')).toBe(expected)
  })

  it.each([
    [undefined, '1/12/2010'],
    [undefined, '2026-02-30'],
    [undefined, '20260201'],
    [undefined, '2026-02-01T25:00'],
    [undefined, '0026-02-01'],
    ['d/M/yyyy', '2010-12-01'],
    ['d/M/yyyy', '31/2/2010'],
    ['d/M/yyyy', '1/12/2010 10:00'],
    ['d/M/yyyy', ''],
    ['dd/MM/yyyy', '1/12/2010'],
    ['d/M/yy', '1/12/2010'],
    ['d/M/yy', '2/10/077'],
    ['d/M/yyyy', '1/12/10'],
    ['d/M/yyyy H:mm', '1/12/2010 24:00'],
    ['M/d/yyyy h:mm a', '12/1/2010 13:00 PM'],
    ['M/d/yyyy h:mm a', '12/1/2010 0:30 AM'],
  ])('refuses what is not of the form or no date: %s %s', (format, text) => {
    expect(read(text, format)).toBeUndefined()
  })

  it('reads a date without a time as noon, so that it keeps its day in nearby zones', () => {
    const { at, hasTime } = readCells({ date: '5/12/2010' }, { format: 'd/M/yyyy', zone: 'Europe/London' }) ?? {}
    expect(hasTime).toBe(false)
    for (const timeZone of ['America/Los_Angeles', 'Europe/London', 'Asia/Tokyo']) {
      expect(new Intl.DateTimeFormat('en-CA', { timeZone }).format(at)).toBe('2010-12-05')
    }
  })

  it('keeps zones apart for the same text', () => {
    const reader = dateReader()
    const at = (times: string) => reader({ date: '2026-01-01 10:00' }, { times, days: 'UTC' })?.at.toISOString()
    expect(at('Europe/London')).toBe('2026-01-01T10:00:00.000Z')
    expect(at('America/Guatemala')).toBe('2026-01-01T16:00:00.000Z')
  })

  it('takes a day without a time from the clock of the shop, not of the times in the file', () => {
    const at = dateReader()({ date: '2026-11-21' }, { times: 'Asia/Tokyo', days: 'America/Los_Angeles' })
    expect(at).toEqual({ at: new Date('2026-11-21T20:00:00Z'), hasTime: false })
  })

  it.each([
    ['2026-10-03 23:14:00 -0400', '2026-10-04T03:14:00.000Z'],
    ['2026-11-20 10:15:00 UTC', '2026-11-20T10:15:00.000Z'],
    ['16-Dec-2023 02:44 AM EST', '2023-12-16T07:44:00.000Z'],
    ['16-Dec-2023 02:44 AM CST', '2023-12-16T08:44:00.000Z'],
    ['Nov 21, 2026 5:18 PM', '2026-11-21T23:18:00.000Z'],
    ['21 November 2026', '2026-11-21T18:00:00.000Z'],
    ['11/21/26, 5:18\u202fPM', '2026-11-21T23:18:00.000Z'],
    ['21/11/2026', '2026-11-21T18:00:00.000Z'],
    ['1.2.2026 18:05', '2026-02-02T00:05:00.000Z'],
    ['2026/11/21 05:06', '2026-11-21T11:06:00.000Z'],
    ['5/5/2026', '2026-05-05T18:00:00.000Z'],
  ])('reads without a format what has one meaning: %s', (text, expected) => {
    expect(read(text)).toBe(expected)
  })

  it('reads 3/4 as the other dates of the file show', () => {
    expect(['1/2/2026', '13/2/2026', '2/13/2026', '1.2.2026', '2026-01-02'].map(shownOrder)).toEqual([
      undefined,
      'd/M',
      'M/d',
      'd/M',
      undefined,
    ])
    expect(readCells({ date: '3/4/2026' }, { order: 'd/M', zone: 'UTC' })?.at.toISOString()).toBe(
      '2026-04-03T12:00:00.000Z',
    )
    expect(readCells({ date: '3/4/2026' }, { order: 'M/d', zone: 'UTC' })?.at.toISOString()).toBe(
      '2026-03-04T12:00:00.000Z',
    )
    expect(readCells({ date: '3/4/2026' }, {})).toBeUndefined()
    expect(readCells({ date: '13/4/2026' }, { order: 'M/d' })).toBeUndefined()
  })

  it.each([
    [{ date: '2026-11-21', time: '10:02:11', zone: 'Eastern Time (US & Canada)' }, '2026-11-21T15:02:11.000Z'],
    [{ date: '2026-11-21', time: '5:18 pm' }, '2026-11-21T23:18:00.000Z'],
    [{ date: '2026-11-21', time: '10:00', zone: 'CET' }, '2026-11-21T09:00:00.000Z'],
    [{ date: '2026-11-21', time: '10:00', zone: 'Europe/Madrid' }, '2026-11-21T09:00:00.000Z'],
    [{ date: '2026-11-21', time: '10:00', zone: 'somewhere' }, undefined],
    [{ date: '2026-11-21', time: '25:00' }, undefined],
    [{ date: '2026-11-21', time: '', zone: 'CET' }, '2026-11-21T18:00:00.000Z'],
  ])('reads the time and its zone from columns of their own: %j', (cells, expected) => {
    expect(readCells(cells, {})?.at.toISOString()).toBe(expected)
  })

  it.each([
    ['d/MMM/yyyy', '"MMM" is not understood'],
    ['d/M', 'it needs d, M and y'],
    ['d/M/yyyy h:mm', 'h and a belong together'],
    ['d/M/yyyy H:mm a', 'h and a belong together'],
    ['yyyy-MM-dd HH:mm -0400', 'it holds a number'],
    ['d/M/yyyy d', '"d" is there twice'],
    ['d/M/yyyy mm', 'm needs H or h'],
  ])('refuses the format %s and says why', (format, reason) => {
    expect(() => dateReader(format)).toThrow(reason)
  })
})
