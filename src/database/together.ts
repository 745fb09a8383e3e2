/**
 * Waits for queries that were asked for together and may refuse. Where several do, the first in this order is thrown:
 * what a caller is told does not depend on which answer came first.
 */
export async function together<Queries extends readonly unknown[] | []>(queries: Queries) {
  const outcomes = await Promise.allSettled(queries)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return Promise.all(queries)
}
