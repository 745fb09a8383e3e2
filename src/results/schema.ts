import { type SchemaOptions, type Static, type TSchema, type TUnsafe, Type } from '@sinclair/typebox'

/** A string that is one of `values`, as `enum`: every client accepts that, but not a union of literals. */
export function StringEnum<const T extends readonly string[]>(
  values: T,
  options: SchemaOptions = {},
): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ ...options, type: 'string', enum: [...values] })
}

/** A local calendar day. */
export function LocalDate(description?: string): TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', format: 'date', ...(description === undefined ? {} : { description }) })
}

/** A page size with its default and maximum. */
export function Limit(options: { default: number; maximum: number }) {
  const description = `1 to ${options.maximum}; default ${options.default}`
  return Type.Integer({ minimum: 1, ...options, description })
}

export const Cursor = Type.Optional(Type.String({ maxLength: 4000, description: 'nextCursor' }))

/** A schema that also allows null. */
export function Nullable<T extends TSchema>(schema: T, options: SchemaOptions = {}): TUnsafe<Static<T> | null> {
  return Type.Unsafe<Static<T> | null>({ ...schema, ...options, type: [schema.type as string, 'null'] })
}

/** A text in a result that may be missing. */
export const NullableText = Nullable(Type.String())

export const EntityRef = Type.Object({ id: Type.String(), name: Type.String() })
