import type { Static, TObject } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { ServiceError } from '../errors.ts'
import { describeProblems, VALIDATION } from '../validation.ts'
import { meant } from './meant-arguments.ts'
import { closedSchema, publicSchema } from './published-schema.ts'

const ajv = addFormats.default(new Ajv({ ...VALIDATION, allErrors: true, strict: false }))

export type ArgumentCheck<Input extends TObject> = (args: Record<string, unknown>) => Static<Input>

/**
 * A check of a tool's arguments, compiled once. It refuses unknown arguments by name, at any depth, because a filter
 * that is silently dropped gives a confident wrong answer. What has one meaning in another form is taken as meant.
 * @returns a function that returns the arguments with defaults filled in
 * @throws (the function) ServiceError `invalid_argument` that names each wrong argument and the valid choices
 */
export function compileArgumentCheck<Input extends TObject>(input: Input): ArgumentCheck<Input> {
  let schema: Record<string, unknown> | undefined
  let validate: ValidateFunction | undefined
  return (args) => {
    // Compiled at the first call: the checks of all tools together would take a third of the start-up time.
    schema ??= closedSchema(publicSchema(input))
    validate ??= ajv.compile(schema)
    const given = meant(schema, args)
    if (validate(given)) return given as Static<Input>
    throw new ServiceError('invalid_argument', describeProblems(validate.errors ?? []))
  }
}
