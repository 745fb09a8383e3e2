import { unavailable } from './errors.ts'

// Callers are told within a second that a part is away.
const MAX_WAIT_MS = 800

/** The same method, which answers `unavailable` in place of whatever `part` fails with, and when it is silent for 0.8 s. */
export function orUnavailable<Args extends unknown[], T>(part: string, method: (...args: Args) => Promise<T>) {
  return (...args: Args): Promise<T> =>
    new Promise((resolve, reject) => {
      const fail = (error?: unknown) => reject(unavailable(part, error))
      // Where this process was held up itself, what has arrived meanwhile is read first.
      const timer = setTimeout(() => setImmediate(fail), MAX_WAIT_MS)
      method(...args)
        .then(resolve, fail)
        .finally(() => clearTimeout(timer))
    })
}

/** The same store, all of whose methods answer so. */
export function guardStore<Store extends { [Name in keyof Store]: (...args: never[]) => Promise<unknown> }>(
  part: string,
  store: Store,
): Store {
  const methods = Object.entries(store) as [string, (...args: unknown[]) => Promise<unknown>][]
  return Object.fromEntries(methods.map(([name, method]) => [name, orUnavailable(part, method)])) as unknown as Store
}
