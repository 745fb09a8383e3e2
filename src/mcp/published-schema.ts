import type { TSchema } from '@sinclair/typebox'

type JsonSchema = Record<string, unknown>

/** JSON Schema as clients get it, without TypeBox's own symbols. */
export function publicSchema(schema: TSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema)) as JsonSchema
}

// The keywords that every client accepts. Bounds, defaults and formats are left out, because Gemini's Python package
// fails on fields that it does not know. Descriptions state them in words, and the server still checks them.
const PORTABLE = new Set(['type', 'description', 'properties', 'required', 'items', 'enum'])

/** An input schema as clients get it by default. */
export function portableSchema(schema: JsonSchema): JsonSchema {
  return inputSchema(schema, (keyword) => PORTABLE.has(keyword))
}

/** An input schema with all that the server checks: also bounds, formats and defaults, and closed objects. */
export function fullInputSchema(schema: JsonSchema): JsonSchema {
  // `expected` is for our own error messages; strict validators reject keywords that they do not know.
  return closedSchema(inputSchema(schema, (keyword) => keyword !== 'expected'))
}

/** Properties with a default are not required, because the argument check fills them in. */
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

/** The schema with its objects closed at any depth: they accept no properties that it does not name, unless it says so. */
export function closedSchema(schema: JsonSchema): JsonSchema {
  const mapped = mapParts(schema, closedSchema)
  const isClosed = schema.type === 'object' && schema.additionalProperties !== true
  return isClosed ? { ...mapped, additionalProperties: false } : mapped
}

/** The schema with `map` applied to the schemas of its properties and items. */
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
 * An output schema as clients get it: the properties of the result, without their inner structure. Full schemas would
 * cost a conversation more than twice as much as all other definitions; clients can get them with `?schemas=full`.
 */
export function outlineSchema(schema: JsonSchema): JsonSchema {
  const properties = Object.entries(schema.properties as Record<string, JsonSchema>)
  const outline = ({ type }: JsonSchema) => (type === 'array' ? { type } : {})
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(([name, property]) => [name, outline(property)])),
  }
}
