import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkHistory, type Final, type Operation } from './checker.ts'

const STOCK = 'stock:here:TEA'

/** A write of somebody, by default acknowledged. */
function write(
  id: string,
  [invoked, completed]: [number, number],
  delta: number,
  more: Partial<Operation> = {},
): Operation {
  return { id, name: 'write', invoked, completed, outcome: 'ok', effects: [{ key: STOCK, delta }], seen: [], ...more }
}

function read(id: string, [invoked, completed]: [number, number], value: number, key = STOCK): Operation {
  return { id, name: 'read', invoked, completed, outcome: 'ok', effects: [], seen: [{ key, value }] }
}

const unknown: Partial<Operation> = { outcome: 'unknown', completed: null }

/** The end of a shop that had 10 of it. */
function end(value: number, applied: Record<string, number>, others: Record<string, number> = {}): Final {
  return {
    initial: new Map([[STOCK, 10]]),
    counters: new Map(Object.entries({ [STOCK]: value, ...others })),
    applied: new Map(Object.entries(applied)),
  }
}

const kinds = (history: Operation[], final: Final) => checkHistory(history, final).violations.map(({ kind }) => kind)

describe('a right history', () => {
  it('may have unknown operations that happened, and others that did not', () => {
    const history = [write('a', [1, 2], -1), write('b', [1, 9], -2, unknown), write('c', [3, 9], -4, unknown)]
    expect(kinds(history, end(7, { a: 1, b: 1 }))).toEqual([])
    expect(kinds(history, end(9, { a: 1 }))).toEqual([])
  })

  it('lets a read see what runs at the same time, or not yet', () => {
    for (const value of [10, 9, 8, 7]) {
      const history = [write('a', [1, 9], -1), write('b', [1, 9], -2), read('r', [2, 3], value)]
      expect({ value, kinds: kinds(history, end(7, { a: 1, b: 1 })) }).toEqual({ value, kinds: [] })
    }
  })

  it('lets an unknown operation happen long after its caller gave up', () => {
    const history = [write('late', [1, 2], -1, unknown), read('r', [5, 6], 10), read('s', [7, 8], 9)]
    expect(kinds(history, end(9, { late: 1 }))).toEqual([])
  })

  it('is found right whatever the timing, if each operation took effect at one instant between call and answer', () => {
    fc.assert(
      fc.property(histories(), ({ history, final }) => {
        expect(checkHistory(history, final)).toEqual({ violations: [], undecided: [] })
      }),
      { numRuns: 200 },
    )
  })
})

describe('a fault that is planted turns the check red:', () => {
  it('an acknowledged write that is lost', () => {
    expect(kinds([write('a', [1, 2], -1)], end(10, {}))).toContain('lost')
    // Lost from the stock alone.
    expect(kinds([write('a', [1, 2], -1)], end(10, { a: 1 }))).toEqual(['drift'])
  })

  it('a write that is there twice', () => {
    expect(kinds([write('a', [1, 2], -1)], end(8, { a: 2 }))).toContain('doubled')
    expect(kinds([write('a', [1, 2], -1, unknown)], end(8, { a: 2 }))).toContain('doubled')
    expect(kinds([write('a', [1, 2], -1)], end(8, { a: 1 }))).toEqual(['drift'])
  })

  it('a refused write that is there', () => {
    expect(kinds([write('a', [1, 2], -1, { outcome: 'refused' })], end(9, { a: 1 }))).toContain('refused but written')
  })

  it('a refund above what was paid, at the end or in an answer', () => {
    const paid = { 'paid:s': 1000, 'refunded:s': 1500 }
    const sale = write('s', [1, 2], -1, { effects: [{ key: 'paid:s', delta: 1000 }] })
    const refund = write('r', [3, 4], 1, { effects: [{ key: 'refunded:s', delta: 1500 }] })
    expect(kinds([sale, refund], end(10, { s: 1, r: 1 }, paid))).toEqual(['impossible'])
    const look: Operation = {
      ...read('look', [5, 6], 1500, 'refunded:s'),
      seen: Object.entries(paid).map(([key, value]) => ({ key, value })),
    }
    expect(kinds([sale, refund, look], end(10, { s: 1, r: 1 }, paid))).toEqual(['impossible', 'impossible'])
  })

  it('an order that is cancelled and refunded, and stock below nothing', () => {
    const both = { 'cancelled:s': 1, 'refunded:s': 10 }
    const effects = Object.entries(both).map(([key, delta]) => ({ key, delta }))
    expect(kinds([write('a', [1, 2], 0, { effects })], end(10, { a: 1 }, both))).toEqual(['impossible'])
    expect(kinds([write('a', [1, 2], -11)], end(-1, { a: 1 }))).toEqual(['impossible'])
  })

  it('a stale read after an acknowledged write', () => {
    expect(kinds([write('a', [1, 2], -1), read('r', [3, 4], 10)], end(9, { a: 1 }))).toEqual(['inexplicable'])
  })

  it('a read that forgets what an earlier read saw, even if the write is unknown', () => {
    const history = [write('a', [1, 2], -1, unknown), read('r', [3, 4], 9), read('s', [5, 6], 10)]
    expect(kinds(history, end(9, { a: 1 }))).toEqual(['inexplicable'])
  })

  it('two sales that both took the last one: each answer told the stock that was left', () => {
    const left = { seen: [{ key: STOCK, value: 9 }] }
    expect(kinds([write('a', [1, 5], -1, left), write('b', [1, 5], -1, left)], end(8, { a: 1, b: 1 }))).toEqual([
      'inexplicable',
    ])
  })

  it('any answer of a right history that tells another number', () => {
    fc.assert(
      fc.property(histories(), fc.nat(), fc.integer({ min: 1000, max: 2000 }), ({ history, final }, which, by) => {
        const tellers = history.filter(({ outcome, seen }) => outcome === 'ok' && seen.length > 0)
        const teller = tellers[which % tellers.length]
        fc.pre(teller !== undefined)
        const wrong = history.map((each) =>
          each === teller ? { ...each, seen: each.seen.map(({ key, value }) => ({ key, value: value + by })) } : each,
        )
        expect(kinds(wrong, final)).toContain('inexplicable')
      }),
      { numRuns: 200 },
    )
  })
})

/** Histories of operations that take effect at one instant each, in a random order, with some answers lost. */
function histories() {
  const operation = fc.record({
    at: fc.integer({ min: 0, max: 200 }),
    before: fc.integer({ min: 1, max: 40 }),
    after: fc.integer({ min: 1, max: 40 }),
    delta: fc.integer({ min: -3, max: 3 }),
    fate: fc.constantFrom('told', 'told', 'silent', 'unknown', 'never'),
  })
  return fc.array(operation, { minLength: 1, maxLength: 14 }).map((plans) => {
    const ordered = plans.map((plan, index) => ({ ...plan, id: `o${index}` })).sort((a, b) => a.at - b.at)
    let sum = 1000
    const history = ordered.map(({ id, at, before, after, delta, fate }): Operation => {
      if (fate !== 'never') sum += delta
      const isKnown = fate === 'told' || fate === 'silent'
      return {
        id,
        name: 'write',
        invoked: at - before,
        completed: isKnown ? at + after : null,
        outcome: isKnown ? 'ok' : 'unknown',
        effects: delta === 0 ? [] : [{ key: STOCK, delta }],
        seen: fate === 'told' ? [{ key: STOCK, value: sum }] : [],
      }
    })
    const applied = new Map(
      ordered.filter(({ fate, delta }) => fate !== 'never' && delta !== 0).map(({ id }) => [id, 1]),
    )
    return { history, final: { initial: new Map([[STOCK, 1000]]), counters: new Map([[STOCK, sum]]), applied } }
  })
}
