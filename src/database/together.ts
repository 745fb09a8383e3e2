/**
 * Waits for queries issued together, several of which may throw. It throws the first error in the order of the list,
 * so that the error does not depend on which answer came first.
 */
export async function together<Queries extends readonly unknown[] | []>(queries: Queries) {
  const outcomes = await Promise.allSettled(queries)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return Promise.all(queries)
}
