import { unavailable } from './errors.ts'

// Callers learn within a second that a part is down.
const MAX_WAIT_MS = 800

/** Wraps a method so that it throws `unavailable` when it fails or takes longer than 0.8 s. */
export function orUnavailable<Args extends unknown[], T>(part: string, method: (...args: Args) => Promise<T>) {
  return (...args: Args): Promise<T> =>
    new Promise((resolve, reject) => {
      const fail = (error?: unknown) => reject(unavailable(part, error))
      // If this process itself was held up, answers that have arrived meanwhile are read first.
      const timer = setTimeout(() => setImmediate(fail), MAX_WAIT_MS)
      method(...args)
        .then(resolve, fail)
        .finally(() => clearTimeout(timer))
    })
}

/** Wraps all methods of a store in this way. */
export function guardStore<Store extends { [Name in keyof Store]: (...args: never[]) => Promise<unknown> }>(
  part: string,
  store: Store,
): Store {
  const methods = Object.entries(store) as [string, (...args: unknown[]) => Promise<unknown>][]
  return Object.fromEntries(methods.map(([name, method]) => [name, orUnavailable(part, method)])) as unknown as Store
}
