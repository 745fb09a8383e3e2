import { LRUCache } from 'lru-cache'

// Which offset a zone has at an instant is decided by PostgreSQL's zone data alone, because the rollups cut their days
// with it. Node's own data may be older or newer, and would show a sale on another day than the one it is counted on.

/** From when on a zone has an offset. */
export interface ZoneChange {
  /** Seconds since 1970. */
  at: number
  /** Seconds east of UTC. */
  offset: number
}

/** The process does not know, or no longer knows, when the clocks of a zone change. */
export class UnknownZone extends Error {
  readonly timezone: string
  constructor(timezone: string) {
    super(`the changes of the zone ${timezone} are not known`)
    this.timezone = timezone
  }
}

const UTC: readonly ZoneChange[] = [{ at: Number.NEGATIVE_INFINITY, offset: 0 }]

// A database whose zone data is updated is asked again within a day.
const zones = new LRUCache<string, readonly ZoneChange[]>({ max: 1000, ttl: 24 * 3600_000 })

/** Keeps the changes of a zone, earliest first; the offset of the first one also applies before it. */
export function learnZone(timezone: string, changes: readonly ZoneChange[]): void {
  zones.set(timezone, changes)
}

/**
 * Seconds east of UTC in a zone at an instant, in milliseconds since 1970.
 * @throws UnknownZone
 */
export function offsetAt(instant: number, timezone: string): number {
  const changes = timezone === 'UTC' ? UTC : zones.get(timezone)
  if (changes === undefined) throw new UnknownZone(timezone)
  let [low, high] = [0, changes.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((changes[middle] as ZoneChange).at * 1000 <= instant) low = middle
    else high = middle
  }
  return changes[low]?.offset ?? 0
}
