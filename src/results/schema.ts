import { type SchemaOptions, type Static, type TObject, type TSchema, type TUnsafe, Type } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { ServiceError } from '../errors.ts'
import { describeProblems, VALIDATION } from '../validation.ts'

/** A string that is one of `values`: as `enum`, which every client takes, where a union of literals is not. */
export function StringEnum<const T extends readonly string[]>(
  values: T,
  options: SchemaOptions = {},
): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ ...options, type: 'string', enum: [...values] })
}

/** A local calendar day. */
export function LocalDate(description: string): TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', format: 'date', description })
}

/** A page size with its default and maximum. */
export function Limit(options: { default: number; maximum: number }) {
  const description = `1 to ${options.maximum}; default ${options.default}`
  return Type.Integer({ minimum: 1, ...options, description })
}

export const Cursor = Type.Optional(Type.String({ maxLength: 4000, description: 'nextCursor of the last page' }))

/** The same, or null. */
export function Nullable<T extends TSchema>(schema: T, options: SchemaOptions = {}): TUnsafe<Static<T> | null> {
  return Type.Unsafe<Static<T> | null>({ ...schema, ...options, type: [schema.type as string, 'null'] })
}

/** A text of a result that may be missing. */
export const NullableText = Nullable(Type.String())

export const EntityRef = Type.Object({ id: Type.String(), name: Type.String() })

/** JSON Schema as clients get it: without the marks of the library that made it. */
export function publicSchema(schema: TSchema): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema)) as Record<string, unknown>
}

// What every client takes. Bounds, defaults and formats are left out, because Gemini's Python package raises on fields
// that it does not know; descriptions state them in words, and the server checks them all the same.
const PORTABLE = new Set(['type', 'description', 'properties', 'required', 'items', 'enum'])

/** An input schema as clients get it. What has a default is not required: the check of arguments fills it in. */
export function portableSchema(schema: Record<string, unknown>): Record<string, unknown> {
  const properties = schema.properties as Record<string, Record<string, unknown>> | undefined
  const entries = Object.entries(schema).filter(([key]) => PORTABLE.has(key))
  const portable = Object.fromEntries(
    entries.map(([key, value]) => {
      if (key === 'items') return [key, portableSchema(value as Record<string, unknown>)]
      if (key !== 'properties') return [key, value]
      const inner = Object.entries(properties ?? {}).map(([name, property]) => [name, portableSchema(property)])
      return [key, Object.fromEntries(inner)]
    }),
  )
  const required = (schema.required as string[] | undefined)?.filter(
    (name) => !('default' in (properties?.[name] ?? {})),
  )
  if (required === undefined || required.length === 0) delete portable.required
  else portable.required = required
  return portable
}

/**
 * An output schema as clients get it: what the result holds, without the inside of its parts. Whole ones would cost a
 * conversation five times what the rest of the definitions does; they stand in each tool's documentation page.
 */
export function outlineSchema(schema: Record<string, unknown>): Record<string, unknown> {
  const properties = Object.entries(schema.properties as Record<string, Record<string, unknown>>)
  const outline = ({ type }: Record<string, unknown>) => (type === 'array' ? { type } : {})
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(([name, property]) => [name, outline(property)])),
  }
}

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
