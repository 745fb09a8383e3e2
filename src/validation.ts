import type { ErrorObject } from 'ajv'

/** What a date must be, in errors. */
export const CALENDAR_DATE = 'a calendar date as YYYY-MM-DD'

/** How all input is checked: no value is converted, no unknown property dropped, and errors can name the choices. */
export const VALIDATION = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: true,
  verbose: true,
} as const

/** The problems of some input, as sentences that name the argument and the valid choices. */
export function describeProblems(errors: readonly Partial<ErrorObject>[]): string {
  return `${[...new Set(errors.map(describe))].slice(0, 8).join('. ')}.`
}

function describe({ instancePath = '', keyword, params = {}, message, parentSchema }: Partial<ErrorObject>): string {
  const path = instancePath.slice(1).replaceAll('/', '.')
  const name = path === '' ? 'the input' : path
  // A schema may describe in words what it accepts, if its pattern would not help.
  const expected = (parentSchema as { expected?: string } | undefined)?.expected
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys((parentSchema as { properties?: object } | undefined)?.properties ?? {})
      const unknown = JSON.stringify(String(params.additionalProperty).slice(0, 60))
      const choices = known.length === 0 ? 'none is taken here' : `valid are: ${known.join(', ')}`
      return `Unknown argument ${unknown}${path === '' ? '' : ` in ${path}`}; ${choices}`
    }
    case 'required':
      return `${path === '' ? '' : `${path}.`}${params.missingProperty} is required`
    case 'pattern':
    case 'type':
      return `${name} ${expected === undefined ? (message ?? 'is not valid') : `must be ${expected}`}`
    case 'enum':
      return `${name} must be one of: ${(params.allowedValues as unknown[]).join(', ')}`
    case 'format':
      return params.format === 'date' ? `${name} must be ${CALENDAR_DATE}` : `${name} must be a valid ${params.format}`
    default:
      return `${name} ${message ?? 'is not valid'}`
  }
}
