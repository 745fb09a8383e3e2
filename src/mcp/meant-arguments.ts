// Models send "5" for a number, 9.75 for a decimal string, a JSON text for an array, "" for what they leave out. Each of
// these has one meaning under the schema, and is taken; what has none is left as it is, for the check to refuse.

interface Schema {
  type?: string
  pattern?: string
  format?: string
  enum?: readonly unknown[]
  minLength?: number
  properties?: Record<string, Schema>
  items?: Schema
  expected?: string
}

/** A value in the form that its schema wants, where it has another form with the same meaning. */
export function meant(schema: Schema, value: unknown): unknown {
  switch (schema.type) {
    case 'object':
      return meantObject(schema, parsed(value, '{'))
    case 'array': {
      const list = parsed(value, '[')
      return listOf(schema, list)
    }
    case 'integer':
    case 'number':
      return typeof value === 'string' && /^\s*[+-]?\d{1,15}(\.\d{1,15})?\s*$/.test(value) ? Number(value) : value
    case 'boolean':
      return typeof value === 'string' ? (BOOLEANS.get(value.trim().toLowerCase()) ?? value) : value
    case 'string':
      return meantString(schema, value)
    default:
      return value
  }
}

const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
])

function meantObject(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const properties = schema.properties ?? {}
  const entries = Object.entries(value).filter(
    ([name, each]) => each !== null && (each !== '' || takesBlank(ownOf(properties, name))),
  )
  return Object.fromEntries(
    entries.map(([name, each]) => {
      const property = ownOf(properties, name)
      return [name, property === undefined ? each : meant(property, each)]
    }),
  )
}

/** A property of the schema itself, and not one that every object has, such as `constructor`. */
function ownOf(properties: Record<string, Schema>, name: string): Schema | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined
}

/** Whether an empty text means something to an argument, such as to clear a field; an unknown one is to be refused. */
function takesBlank(schema: Schema | undefined): boolean {
  if (schema === undefined) return true
  if (schema.type !== 'string' || schema.enum !== undefined || schema.format !== undefined) return false
  return schema.pattern === undefined ? (schema.minLength ?? 0) === 0 : new RegExp(schema.pattern).test('')
}

/** A list; one that has a single text may be that text, and choices may stand in one text with commas. */
function listOf({ items = {} }: Schema, value: unknown): unknown {
  const isText = typeof value === 'string' && items.type === 'string'
  const list = isText ? (items.enum === undefined ? [value] : value.split(',')) : value
  return Array.isArray(list) ? list.map((item) => meant(items, item)) : list
}

/** A text of JSON as what it stands for, if that begins as wanted. */
function parsed(value: unknown, begin: '[' | '{'): unknown {
  if (typeof value !== 'string' || !value.trimStart().startsWith(begin)) return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return value
  }
}

function meantString({ pattern, format, enum: choices }: Schema, value: unknown): unknown {
  // A decimal: its pattern takes digits. Other texts may be numbers by chance, such as a SKU, and are kept as written.
  if (pattern !== undefined && new RegExp(pattern).test('1')) {
    const text = typeof value === 'number' ? decimalText(value) : value
    return typeof text === 'string' ? text.trim().replace(/^\+(?=\d)/, '') : text
  }
  if (typeof value === 'number' && Number.isSafeInteger(value) && choices === undefined && format === undefined) {
    return String(value)
  }
  if (typeof value !== 'string') return value
  if (choices !== undefined) return choiceOf(choices, value)
  // Choices that are not listed in the schema, since they would cost too much in each.
  if (pattern !== undefined && !new RegExp(pattern).test(value) && new RegExp(pattern).test(asChoice(value))) {
    return asChoice(value)
  }
  return format === undefined ? value : value.trim()
}

/** A number without an exponent, as it was most likely written; undefined digits beyond it are not made up. */
function decimalText(value: number): string | number {
  const text = String(value)
  return /^-?\d+(\.\d+)?$/.test(text) ? text : value
}

/** The choice that a text is, in any case, with blanks around it, or with blanks or hyphens for its underscores. */
function choiceOf(choices: readonly unknown[], value: string): unknown {
  const text = asChoice(value)
  const found = choices.filter((choice) => typeof choice === 'string' && asChoice(choice) === text)
  return found.length === 1 ? found[0] : value
}

function asChoice(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
}
