import type { Static, TObject } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { ServiceError } from '../errors.ts'
import { describeProblems, VALIDATION } from '../validation.ts'
import { meant } from './meant-arguments.ts'
import { closedSchema, publicSchema } from './published-schema.ts'

const ajv = addFormats.default(new Ajv({ ...VALIDATION, allErrors: true, strict: false }))

export type ArgumentCheck<Input extends TObject> = (args: Record<string, unknown>) => Static<Input>

/** Names under which a day or days are asked for. */
const DAYS = /date|day|as_?of|^(at|before|from|history|month|on|period|preset|since|time|to|until|when|year)$/i

/**
 * A check of a tool's arguments, compiled once. It refuses unknown arguments by name, at any depth, because a filter
 * that is silently dropped gives a confident wrong answer. What has one meaning in another form is taken as meant.
 * @param otherDays the hint where an unknown argument asks for days
 * @returns a function that returns the arguments with defaults filled in
 * @throws (the function) ServiceError `invalid_argument` that names each wrong argument and the valid choices
 */
export function compileArgumentCheck<Input extends TObject>(input: Input, otherDays?: string): ArgumentCheck<Input> {
  let schema: Record<string, unknown> | undefined
  let validate: ValidateFunction | undefined
  return (args) => {
    // Compiled at the first call: the checks of all tools together would take a third of the start-up time.
    schema ??= closedSchema(publicSchema(input))
    validate ??= ajv.compile(schema)
    const given = meant(schema, args)
    if (validate(given)) return given as Static<Input>
    const problems = validate.errors ?? []
    const isOfDays = problems.some(({ params }) => DAYS.test(params.additionalProperty ?? ''))
    const hint = otherDays !== undefined && isOfDays ? { hint: otherDays } : {}
    throw new ServiceError('invalid_argument', describeProblems(problems), hint)
  }
}
