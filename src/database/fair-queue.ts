import { ServiceError } from '../errors.ts'

/** Who wants a connection, and for what. */
export interface Turn {
  /** Whose data the work is about: tenants take turns. */
  tenant: string
  /** Who asks. */
  principal?: string | undefined
  /** Work that keeps PostgreSQL busy for long, such as a report over a year. */
  isHeavy?: boolean | undefined
}

/** How much may run at a time. */
export interface QueueLimits {
  all: number
  perTenant: number
  perPrincipal: number
  heavy: number
  heavyPerTenant: number
  /** How many of one tenant may wait. */
  waitingPerTenant: number
  maxWaitMs: number
}

/** Gives the turn back. */
type Release = () => void

interface Waiting {
  turn: Turn
  start(): void
}

interface Lane {
  running: number
  heavy: number
  waiting: Waiting[]
}

/**
 * Limits that leave room for others beside the busiest tenant.
 * @param size connections of the pool
 */
export function limitsFor(size: number): QueueLimits {
  return {
    all: size,
    perTenant: Math.ceil(size * 0.6),
    perPrincipal: Math.ceil(size * 0.4),
    heavy: Math.ceil(size / 4),
    heavyPerTenant: 1,
    waitingPerTenant: 100,
    maxWaitMs: 10_000,
  }
}

/**
 * Decides who may use a connection next. Tenants take turns, so that the next call of a quiet one waits for no queue of
 * a busy one; within a tenant, light work passes heavy work that may not start yet.
 */
export function createFairQueue(limits: QueueLimits) {
  // In the order in which their next turns come.
  const lanes = new Map<string, Lane>()
  const principals = new Map<string, number>()
  let running = 0
  let heavy = 0

  function mayStart({ principal, isHeavy }: Turn, lane: Lane): boolean {
    if (running >= limits.all || lane.running >= limits.perTenant) return false
    if (principal !== undefined && (principals.get(principal) ?? 0) >= limits.perPrincipal) return false
    return isHeavy !== true || (heavy < limits.heavy && lane.heavy < limits.heavyPerTenant)
  }

  function count({ principal, isHeavy }: Turn, lane: Lane, change: 1 | -1): void {
    running += change
    lane.running += change
    if (isHeavy === true) {
      heavy += change
      lane.heavy += change
    }
    if (principal === undefined) return
    const left = (principals.get(principal) ?? 0) + change
    if (left === 0) principals.delete(principal)
    else principals.set(principal, left)
  }

  function begin(turn: Turn, lane: Lane): Release {
    count(turn, lane, 1)
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      count(turn, lane, -1)
      if (lane.running === 0 && lane.waiting.length === 0) lanes.delete(turn.tenant)
      startNext()
    }
  }

  /** Starts what may start now. Whoever waits after this has to wait. */
  function startNext(): void {
    for (const [tenant, lane] of [...lanes]) {
      if (running >= limits.all) return
      const index = lane.waiting.findIndex(({ turn }) => mayStart(turn, lane))
      if (index === -1) continue
      const [next] = lane.waiting.splice(index, 1)
      lanes.delete(tenant)
      lanes.set(tenant, lane)
      next?.start()
    }
  }

  return {
    /**
     * Waits for a turn.
     * @returns a function that gives it back
     * @throws ServiceError `rate_limited` when too many of the same tenant wait already, `unavailable` after too long
     */
    async take(turn: Turn): Promise<Release> {
      const lane = lanes.get(turn.tenant) ?? { running: 0, heavy: 0, waiting: [] }
      lanes.set(turn.tenant, lane)
      if (mayStart(turn, lane)) return begin(turn, lane)
      if (lane.waiting.length >= limits.waitingPerTenant) {
        throw new ServiceError('rate_limited', 'Too many calls at once: wait for the answers to some of them.', {
          retryAfterSeconds: 2,
        })
      }
      return new Promise((resolve, reject) => {
        const waiting: Waiting = {
          turn,
          start() {
            clearTimeout(timer)
            resolve(begin(turn, lane))
          },
        }
        const timer = setTimeout(() => {
          lane.waiting.splice(lane.waiting.indexOf(waiting), 1)
          if (lane.running === 0 && lane.waiting.length === 0) lanes.delete(turn.tenant)
          reject(
            new ServiceError('unavailable', 'The service is busy. Try again in a few seconds.', {
              retryAfterSeconds: 2,
            }),
          )
        }, limits.maxWaitMs)
        lane.waiting.push(waiting)
      })
    },
  }
}
