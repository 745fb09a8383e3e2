import { beforeAll, describe, expect, it } from 'vitest'
import { dateReader } from '../../src/import/dates.ts'
import { learnZones } from '../support/zones.ts'

beforeAll(() => learnZones('America/Guatemala', 'Europe/London'))

const read = (text: string, format?: string, zone = 'America/Guatemala') =>
  dateReader(format)(text, zone)?.toISOString()

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
    const at = dateReader('d/M/yyyy')('5/12/2010', 'Europe/London') as Date
    for (const timeZone of ['America/Los_Angeles', 'Europe/London', 'Asia/Tokyo']) {
      expect(new Intl.DateTimeFormat('en-CA', { timeZone }).format(at)).toBe('2010-12-05')
    }
  })

  it('keeps zones apart for the same text', () => {
    const reader = dateReader()
    expect(reader('2026-01-01 10:00', 'Europe/London')?.toISOString()).toBe('2026-01-01T10:00:00.000Z')
    expect(reader('2026-01-01 10:00', 'America/Guatemala')?.toISOString()).toBe('2026-01-01T16:00:00.000Z')
  })

  it.each([
    ['d/MMM/yyyy', '"MMM" is not understood'],
    ['d/M', 'it needs d, M and y'],
    ['d/M/yyyy h:mm', 'h and a belong together'],
    ['d/M/yyyy H:mm a', 'h and a belong together'],
    ['d/M/yyyy d', '"d" is there twice'],
    ['d/M/yyyy mm', 'm needs H or h'],
  ])('refuses the format %s and says why', (format, reason) => {
    expect(() => dateReader(format)).toThrow(reason)
  })
})
