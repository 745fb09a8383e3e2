/** What an operation adds to a counter, or the value of a counter that its answer told. */
export interface Change {
  /** `stock:LOCATION:SKU`, `paid:SALE`, `refunded:SALE`, `cancelled:SALE`, `net`, … */
  key: string
  delta: number
}

export interface Sight {
  key: string
  value: number
}

/** A call of somebody, from when it was sent until its answer came. */
export interface Operation {
  /** Written into the database with the operation, where it has effects. */
  id: string
  name: string
  invoked: number
  /** null: no answer came. */
  completed: number | null
  /** `refused`: the answer said that nothing was written; `unknown`: it may have been written, now or later. */
  outcome: 'ok' | 'refused' | 'unknown'
  /** All of them happen together, once or not at all. */
  effects: readonly Change[]
  /** What the answer told, after its own effects. */
  seen: readonly Sight[]
}

/** The state after everything has come to rest. */
export interface Final {
  initial: ReadonlyMap<string, number>
  counters: ReadonlyMap<string, number>
  /** How often each operation was found in the database. */
  applied: ReadonlyMap<string, number>
}

export interface Violation {
  kind: 'lost' | 'doubled' | 'refused but written' | 'drift' | 'impossible' | 'inexplicable'
  message: string
}

// Beyond this many possible orders at a time, a counter is given up as undecided.
const MAX_ORDERS = 20_000

export interface Report {
  violations: Violation[]
  /** Counters with too many possible orders. */
  undecided: string[]
}

/**
 * Checks a history as Jepsen does. Every acknowledged operation happened once, every refused one never, every unknown
 * one at most once; counters are their initial value plus the effects of what happened; nothing impossible was ever
 * seen; and what the answers told about each counter is explained by one order of the operations that respects real
 * time (linearizability: Herlihy and Wing 1990; the search is that of Lowe, "Testing for linearizability", 2017).
 */
export function checkHistory(history: readonly Operation[], final: Final): Report {
  const happened = history.filter((operation) => isRead(operation) || (final.applied.get(operation.id) ?? 0) > 0)
  const keys = new Set([
    ...final.counters.keys(),
    ...history.flatMap(({ effects, seen }) => [...effects, ...seen].map(({ key }) => key)),
  ])
  const undecided: string[] = []
  const unexplained = [...keys].flatMap((key) => {
    try {
      return findOrder(key, happened, final.initial.get(key) ?? 0) ?? []
    } catch (error) {
      if (!(error instanceof TooMany)) throw error
      undecided.push(key)
      return []
    }
  })
  return {
    violations: [
      ...history.flatMap((operation) => countOf(operation, final)),
      ...[...keys].flatMap((key) => drift(key, happened, final)),
      ...impossible('at the end', final.counters),
      ...history.flatMap((each) =>
        each.outcome === 'ok' ? impossible(each.id, new Map(each.seen.map(({ key, value }) => [key, value]))) : [],
      ),
      ...unexplained,
    ],
    undecided,
  }
}

function isRead({ effects, outcome }: Operation): boolean {
  return effects.length === 0 && outcome === 'ok'
}

function countOf({ id, name, outcome, effects }: Operation, { applied }: Final): Violation[] {
  const times = applied.get(id) ?? 0
  const is = `${name} ${id} was ${outcome} and is there ${times} times`
  if (times > 1) return [{ kind: 'doubled', message: is }]
  if (outcome === 'ok' && effects.length > 0 && times === 0) return [{ kind: 'lost', message: is }]
  if (outcome === 'refused' && times > 0) return [{ kind: 'refused but written', message: is }]
  return []
}

function drift(key: string, happened: readonly Operation[], { initial, counters }: Final): Violation[] {
  const expected = happened.reduce((sum, each) => sum + deltaOf(each, key), initial.get(key) ?? 0)
  const value = counters.get(key) ?? 0
  if (value === expected) return []
  return [{ kind: 'drift', message: `${key} is ${value}; what happened makes ${expected}` }]
}

/** What can never be, whatever happened. */
function impossible(where: string, counters: ReadonlyMap<string, number>): Violation[] {
  const found: string[] = []
  for (const [key, value] of counters) {
    const [kind = '', sale = ''] = key.split(/:(.*)/)
    const paid = counters.get(`paid:${sale}`)
    if (kind === 'stock' && value < 0) found.push(`${key} is ${value}`)
    if (kind === 'refunded' && paid !== undefined && value > paid) found.push(`${key} is ${value} of ${paid}`)
    if (kind === 'cancelled' && value > 1) found.push(`${key} ${value} times`)
    if (kind === 'cancelled' && value > 0 && (counters.get(`refunded:${sale}`) ?? 0) > 0) {
      found.push(`${sale} is cancelled and refunded`)
    }
  }
  return found.map((message) => ({ kind: 'impossible', message: `${message} (${where})` }))
}

/** One operation as a single counter sees it. */
interface Step {
  index: number
  operation: Operation
  delta: number
  /** The value after it, if its answer told. */
  value: number | undefined
}

/** The steps that have taken effect but not returned, by index, and the value that the counter has. */
interface Configuration {
  done: ReadonlySet<number>
  sum: number
}

/** Looks for an order of the operations on a counter that explains what was seen. */
function findOrder(key: string, happened: readonly Operation[], initial: number): Violation | undefined {
  const steps = happened
    .map((operation): Omit<Step, 'index'> => {
      const value = operation.outcome === 'ok' ? operation.seen.find((sight) => sight.key === key)?.value : undefined
      return { operation, delta: deltaOf(operation, key), value }
    })
    .filter(({ delta, value }) => delta !== 0 || value !== undefined)
    .map((step, index): Step => ({ ...step, index }))
  const events = steps
    .flatMap((step) => [
      { at: step.operation.invoked, step, returns: false },
      ...(step.operation.outcome === 'ok' ? [{ at: step.operation.completed as number, step, returns: true }] : []),
    ])
    .sort((a, b) => a.at - b.at || Number(a.returns) - Number(b.returns))

  const pending = new Set<Step>()
  let configurations: Configuration[] = [{ done: new Set(), sum: initial }]
  for (const { step, returns } of events) {
    if (!returns) {
      pending.add(step)
      continue
    }
    const next = new Map<string, Configuration>()
    for (const configuration of configurations) {
      for (const { done, sum } of withStep(configuration, step, [...pending])) {
        const rest = new Set(done)
        rest.delete(step.index)
        next.set([...rest].sort((a, b) => a - b).join(), { done: rest, sum })
      }
      if (next.size > MAX_ORDERS) throw new TooMany()
    }
    pending.delete(step)
    if (next.size === 0) {
      const { name, id } = step.operation
      const could = [...new Set(configurations.map(({ sum }) => sum))].join(' or ')
      const what = step.value === undefined ? 'nothing' : step.value
      const message = `${name} ${id} saw ${key} as ${what}; it was ${could}, and no order of the others explains that`
      return { kind: 'inexplicable', message }
    }
    configurations = [...next.values()]
  }
  return undefined
}

class TooMany extends Error {}

/** All ways to let a step take effect now, after others that are under way where that is of consequence. */
function withStep(start: Configuration, step: Step, pending: readonly Step[]): Configuration[] {
  if (start.done.has(step.index)) return [start]
  const found: Configuration[] = []
  const visited = new Set<string>()
  const search = ({ done, sum }: Configuration) => {
    const name = [...done].sort((a, b) => a - b).join()
    if (visited.has(name)) return
    if (visited.size > MAX_ORDERS) throw new TooMany()
    visited.add(name)
    const left = pending.filter((each) => !done.has(each.index))
    // Only those that told a value care about the order of the rest.
    if (step.value === undefined) found.push({ done: new Set([...done, step.index]), sum: sum + step.delta })
    const silent = left.filter((each) => each.value === undefined)
    for (const teller of left.filter((each) => each.value !== undefined)) {
      const before = (teller.value as number) - teller.delta
      for (const subset of subsetsWithSum(silent, before - sum)) {
        const next = { done: new Set([...done, ...subset, teller.index]), sum: teller.value as number }
        if (next.done.has(step.index)) found.push(next)
        else search(next)
      }
    }
  }
  search(start)
  return found
}

/** The subsets of steps whose deltas add up to a sum, as indices. Of unanswered steps with equal deltas, the first ones. */
function subsetsWithSum(steps: readonly Step[], sum: number): number[][] {
  const found: number[][] = []
  // What the steps from one on can still add or take.
  const reach = steps.map((_, from) => steps.slice(from).reduce((all, { delta }) => all + Math.max(delta, 0), 0))
  const depth = steps.map((_, from) => steps.slice(from).reduce((all, { delta }) => all + Math.min(delta, 0), 0))
  const choose = (from: number, rest: number, chosen: readonly Step[]) => {
    if (found.length > MAX_ORDERS) throw new TooMany()
    if (rest === 0) found.push(chosen.map(({ index }) => index))
    for (let next = from; next < steps.length; next++) {
      if (rest > (reach[next] as number) || rest < (depth[next] as number)) return
      const step = steps[next] as Step
      const twin = steps.findLastIndex((each, at) => at < next && isTwin(each, step))
      if (twin >= 0 && !chosen.includes(steps[twin] as Step)) continue
      choose(next + 1, rest - step.delta, [...chosen, step])
    }
  }
  choose(0, sum, [])
  return found
}

// Steps without an answer never return, so that only their delta tells them apart.
function isTwin(a: Step, b: Step): boolean {
  return a.operation.outcome !== 'ok' && b.operation.outcome !== 'ok' && a.delta === b.delta
}

function deltaOf({ effects }: Operation, key: string): number {
  return effects.reduce((sum, effect) => (effect.key === key ? sum + effect.delta : sum), 0)
}
