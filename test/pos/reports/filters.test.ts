import { expect, it } from 'vitest'
import { hoursOf, weekdaysOf } from '../../../src/pos/reports/filters.ts'

it.each([
  ['17-20', 17, 20],
  ['17:00–20:00', 17, 20],
  ['22 to 2', 22, 2],
  ['5pm-8pm', 17, 20],
  ['5-8 p.m.', 17, 20],
  ['11-2pm', 11, 14],
  ['11am to 2pm', 11, 14],
  ['12pm-3pm', 12, 15],
  ['9 pm - 12 am', 21, 24],
  ['12am-6am', 0, 6],
  ['7h a 9h', 7, 9],
])('hours %j are from %i to %i', (text, from, to) => {
  expect(hoursOf(text)).toEqual({ from, to })
})

it.each(['9', '17:30-20', '13pm-15pm', '0am-3am', '9-9', '25-26', 'noon'])('hours %j are refused', (text) => {
  expect(() => hoursOf(text)).toThrow('filters: hour must be two whole hours')
})

it.each([
  ['Mon-Fri', '12345'],
  ['Monday to Friday', '12345'],
  ['weekdays', '12345'],
  ['entre semana', '12345'],
  ['lunes a viernes', '12345'],
  ['de lunes', null],
  ['Sat, Sun', '67'],
  ['sábados y domingos', '67'],
  ['fin de semana', '67'],
  ['fines de semana', '67'],
  ['Saturday and Sunday', '67'],
  ['mié', '3'],
  ['Fri-Mon', '1567'],
  ['mar', '2'],
  ['yesterday', null],
])('weekdays %j are %j', (text, days) => {
  if (days === null) expect(() => weekdaysOf(text)).toThrow('must be names such as')
  else expect(weekdaysOf(text).join('')).toBe(days)
})
