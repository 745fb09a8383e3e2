import type { TSchema } from '@sinclair/typebox'

type JsonSchema = Record<string, unknown>

/** JSON Schema as clients get it: without the marks of the library that made it. */
export function publicSchema(schema: TSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema)) as JsonSchema
}

// What every client takes. Bounds, defaults and formats are left out, because Gemini's Python package raises on fields
// that it does not know; descriptions state them in words, and the server checks them all the same.
const PORTABLE = new Set(['type', 'description', 'properties', 'required', 'items', 'enum'])

/** An input schema as clients get it. */
export function portableSchema(schema: JsonSchema): JsonSchema {
  return inputSchema(schema, (keyword) => PORTABLE.has(keyword))
}

/** An input schema with all that the server checks: bounds, formats and defaults, too, and no unknown argument. */
export function fullInputSchema(schema: JsonSchema): JsonSchema {
  // `expected` words our own messages; a strict validator refuses keywords that it does not know.
  return closedSchema(inputSchema(schema, (keyword) => keyword !== 'expected'))
}

/** What has a default is not required: the check of arguments fills it in. */
function inputSchema(schema: JsonSchema, keeps: (keyword: string) => boolean): JsonSchema {
  const mapped = mapParts(schema, (part) => inputSchema(part, keeps))
  const published = Object.fromEntries(Object.entries(mapped).filter(([keyword]) => keeps(keyword)))
  const properties = schema.properties as Record<string, JsonSchema> | undefined
  const required = (schema.required as string[] | undefined)?.filter(
    (name) => !('default' in (properties?.[name] ?? {})),
  )
  if (required === undefined || required.length === 0) delete published.required
  else published.required = required
  return published
}

/** The schema with its objects closed at any depth: they take no property that it does not name. */
export function closedSchema(schema: JsonSchema): JsonSchema {
  const mapped = mapParts(schema, closedSchema)
  return schema.type === 'object' ? { ...mapped, additionalProperties: false } : mapped
}

/** The schema with `map` applied to those of its properties and items. */
function mapParts(schema: JsonSchema, map: (part: JsonSchema) => JsonSchema): JsonSchema {
  const mapped = { ...schema }
  if (schema.items !== undefined) mapped.items = map(schema.items as JsonSchema)
  if (schema.properties !== undefined) {
    const properties = Object.entries(schema.properties as Record<string, JsonSchema>)
    mapped.properties = Object.fromEntries(properties.map(([name, part]) => [name, map(part)]))
  }
  return mapped
}

/**
 * An output schema as clients get it: what the result holds, without the inside of its parts. Full ones would cost a
 * conversation more than twice what the rest of the definitions does; a client that wants them asks for `?schemas=full`.
 */
export function outlineSchema(schema: JsonSchema): JsonSchema {
  const properties = Object.entries(schema.properties as Record<string, JsonSchema>)
  const outline = ({ type }: JsonSchema) => (type === 'array' ? { type } : {})
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(([name, property]) => [name, outline(property)])),
  }
}
