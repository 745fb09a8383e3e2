import { describe, expect, it } from 'vitest'
import { orderQuantity } from '../../../src/pos/intents/replenishment.ts'

describe('orderQuantity', () => {
  it.each([
    ['whole units without a pack', { wanted: '4.6667', packSize: null, room: null }, '5'],
    ['what is whole already', { wanted: '10', packSize: null, room: null }, '10'],
    ['up to whole packs', { wanted: '24.5', packSize: '12', room: null }, '36'],
    ['packs of a part of a unit', { wanted: '0.6', packSize: '0.25', room: null }, '0.75'],
    ['no more than there is room for', { wanted: '40', packSize: '8', room: '35' }, '32'],
    ['exactly what there is room for', { wanted: '40', packSize: '8', room: '40' }, '40'],
    ['nothing where no pack fits', { wanted: '4', packSize: '8', room: '7.999' }, '0'],
    ['nothing where there is too much already', { wanted: '4', packSize: null, room: '-3' }, '0'],
  ])('gives %s', (_what, need, expected) => {
    expect(orderQuantity(need).toFixed()).toBe(expected)
  })
})
