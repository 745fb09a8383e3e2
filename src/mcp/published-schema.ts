import type { TSchema } from '@sinclair/typebox'

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
