import type { CompiledQuery } from 'kysely'
import type { Transaction } from './database.ts'

/** Stands for an argument of a query until the query is run. */
class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/**
 * A query that Kysely builds and compiles once instead of for each call, for queries whose building would cost more than
 * their rows.
 * @param build gets placeholders for the arguments. It may only pass them on to the query, or ask whether one is
 *   undefined: each set of given arguments has its own query.
 */
export function compileOnce<Arguments extends object, Row>(
  build: (db: Transaction, values: Arguments) => { compile(db: Transaction): CompiledQuery<Row> },
): (db: Transaction, values: Arguments) => Promise<Row[]> {
  const queries = new Map<string, CompiledQuery<Row>>()
  return async (db, values) => {
    const names = Object.keys(values).filter((name) => values[name as keyof Arguments] !== undefined)
    const query = queries.get(names.join()) ?? build(db, placeholders<Arguments>(names)).compile(db)
    queries.set(names.join(), query)
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.name as keyof Arguments] : parameter,
    )
    const { rows } = await db.executeQuery<Row>({ ...query, parameters })
    return rows
  }
}

function placeholders<Arguments>(names: readonly string[]): Arguments {
  return Object.fromEntries(names.map((name) => [name, new Placeholder(name)])) as Arguments
}
