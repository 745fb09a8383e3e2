import type { Static, TObject, TSchema } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { ServiceError } from '../errors.ts'
import { describeProblems, VALIDATION } from '../validation.ts'
import { closedSchema, publicSchema } from './published-schema.ts'

const ajv = addFormats.default(new Ajv({ ...VALIDATION, allErrors: true, strict: false }))

export type ArgumentCheck<Input extends TObject> = (args: Record<string, unknown>) => Static<Input>

/**
 * A check of a tool's arguments, compiled once. It refuses unknown arguments by name, at any depth, because a filter
 * that is silently dropped gives a confident wrong answer. An argument of null counts as absent.
 * @returns a function that returns the arguments with defaults filled in
 * @throws (the function) ServiceError `invalid_argument` that names each wrong argument and the valid choices
 */
export function compileArgumentCheck<Input extends TObject>(input: Input): ArgumentCheck<Input> {
  let validate: ValidateFunction | undefined
  return (args) => {
    // Compiled at the first call: the checks of all tools together would take a third of the start-up time.
    validate ??= ajv.compile(closedSchema(publicSchema(input)))
    const given = Object.fromEntries(
      Object.entries(args)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, isOneOfList(input.properties[name], value) ? [value] : value]),
    )
    if (validate(given)) return given as Static<Input>
    throw new ServiceError('invalid_argument', describeProblems(validate.errors ?? []))
  }
}

/** Whether a value stands alone where a list of texts is expected, which has one meaning. */
function isOneOfList(schema: TSchema | undefined, value: unknown): boolean {
  return schema?.type === 'array' && schema.items?.type === 'string' && typeof value === 'string'
}
