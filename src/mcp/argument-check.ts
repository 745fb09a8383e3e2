import type { Static, TObject } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { ServiceError } from '../errors.ts'
import { describeProblems, VALIDATION } from '../validation.ts'
import { publicSchema } from './published-schema.ts'

const ajv = addFormats.default(new Ajv({ ...VALIDATION, allErrors: true, strict: false }))

export type ArgumentCheck<Input extends TObject> = (args: Record<string, unknown>) => Static<Input>

/**
 * A check of a tool's arguments, compiled once. Unknown arguments are refused by name, at any depth: a filter that is
 * dropped in silence gives a confident wrong answer. An argument of null counts as left out.
 * @returns a function that gives the arguments with defaults filled in
 * @throws (the function) ServiceError `invalid_argument` that names each wrong argument and the valid choices
 */
export function compileArgumentCheck<Input extends TObject>(input: Input): ArgumentCheck<Input> {
  let validate: ValidateFunction | undefined
  return (args) => {
    // By the first call: the checks of all tools together would take a third of a start.
    validate ??= ajv.compile(closed(publicSchema(input)))
    const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null))
    if (validate(given)) return given as Static<Input>
    throw new ServiceError('invalid_argument', describeProblems(validate.errors ?? []))
  }
}

/** Closes objects for validation only: published schemas stay within the subset that every client takes. */
function closed(schema: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(schema).map(([key, value]) => {
    if (key === 'properties') {
      const properties = Object.entries(value as Record<string, Record<string, unknown>>)
      return [key, Object.fromEntries(properties.map(([name, property]) => [name, closed(property)]))]
    }
    if (key === 'items') return [key, closed(value as Record<string, unknown>)]
    return [key, value]
  })
  return { ...Object.fromEntries(entries), ...(schema.type === 'object' ? { additionalProperties: false } : {}) }
}
