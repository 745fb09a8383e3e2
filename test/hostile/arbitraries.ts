import type { TSchema } from '@sinclair/typebox'
import fc from 'fast-check'
import { schemasOf } from '../../src/mcp/registry.ts'
import type { Tool } from '../../src/mcp/tool.ts'
import { INJECTIONS } from '../support/hostile-shop.ts'
import { CSV } from './corpora/csv.ts'
import { HEADER } from './corpora/header.ts'
import { LOG } from './corpora/log.ts'
import { SQL } from './corpora/sql.ts'

const known = fc.constantFrom(...SQL, ...LOG, ...HEADER, ...CSV, ...INJECTIONS)

/** A text that means ill, or any text at all. */
export const hostileText = fc.oneof(
  { weight: 6, arbitrary: known },
  { weight: 1, arbitrary: fc.tuple(known, known).map(([a, b]) => a + b) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.uuid() },
  {
    weight: 1,
    arbitrary: fc
      .tuple(known, fc.integer({ min: 2, max: 400 }))
      .map(([text, times]) => text.repeat(times).slice(0, 9000)),
  },
)

const hostileNumber = fc.oneof(
  fc.constantFrom(0, -0, -1, 1, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324, 0.1),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

/** Any JSON: values of every type, deep or wide, with names that JavaScript gives a meaning. */
export const hostileJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    hostileText,
    hostileNumber,
    fc.constantFrom(null, true, false, '', [], {}),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', '$ref', 'id', 'length', ''), hostileText),
      tie('value'),
      {
        maxKeys: 4,
      },
    ),
  ),
})).value

const deep = fc.integer({ min: 100, max: 3000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth))

/** A body that is JSON at best. */
export const rawBody = fc.oneof(
  hostileJson.map((value) => JSON.stringify(value)),
  hostileText,
  deep,
  hostileJson.map((value) => JSON.stringify(value).slice(0, -1)),
  fc.constantFrom(
    '{"a":1,"a":2}',
    '{"__proto__":{"x":1}}',
    'NaN',
    '[,]',
    '\ufeff{}',
    '"',
    '{',
    'null',
    '0',
    '[[]]',
    '{"jsonrpc":"2.0"}',
  ),
)

const METHODS = [
  'initialize',
  'notifications/initialized',
  'notifications/cancelled',
  'ping',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'resources/subscribe',
  'completion/complete',
  'logging/setLevel',
  'server/discover',
  'sampling/createMessage',
  'tasks/get',
]

/** Parameters that are near those of a method. */
const params = fc.oneof(
  fc.record(
    {
      name: fc.oneof(fc.constantFrom('get_products', 'get_order', 'month_review', 'list_tenants'), hostileText),
      arguments: hostileJson,
      uri: fc.oneof(fc.constantFrom('flowpos://glossary', 'flowpos://business/profile'), hostileText),
      cursor: hostileText,
      protocolVersion: fc.oneof(fc.constantFrom('2024-11-05', '2025-11-25', '2026-07-28'), hostileText),
      capabilities: hostileJson,
      clientInfo: fc.oneof(fc.record({ name: hostileText, version: hostileText }), hostileJson),
      level: hostileText,
      requestId: hostileJson,
      ref: hostileJson,
    },
    { requiredKeys: [] },
  ),
  hostileJson,
)

/** A message of JSON-RPC, right but for some of its parts. */
export const rpcMessage = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 8, arbitrary: fc.constant('2.0') }, { weight: 1, arbitrary: hostileJson }),
    id: fc.oneof(
      { weight: 6, arbitrary: fc.integer() },
      { weight: 2, arbitrary: hostileText },
      { weight: 1, arbitrary: hostileJson },
    ),
    method: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...METHODS) }, { weight: 1, arbitrary: hostileText }),
    params,
  },
  { requiredKeys: ['jsonrpc', 'method'] },
)

/** One or several messages as legacy clients send them. */
export const legacyBody = fc.oneof(
  { weight: 9, arbitrary: rpcMessage },
  { weight: 1, arbitrary: fc.array(fc.oneof(rpcMessage, hostileJson), { maxLength: 6 }) },
)

/** A message of revision 2026-07-28 with the headers that repeat it, or contradict it. */
export const modernRequest = fc
  .record({
    message: rpcMessage,
    meta: fc.oneof(
      fc.record({
        'io.modelcontextprotocol/protocolVersion': fc.oneof(fc.constant('2026-07-28'), hostileText),
        'io.modelcontextprotocol/clientInfo': fc.record({ name: hostileText, version: hostileText }),
        'io.modelcontextprotocol/clientCapabilities': fc.oneof(fc.constant({}), hostileJson),
      }),
      hostileJson,
    ),
    version: fc.oneof({ weight: 5, arbitrary: fc.constant('2026-07-28') }, { weight: 1, arbitrary: headerText() }),
    isTrue: fc.boolean(),
    other: headerText(),
  })
  .map(({ message, meta, version, isTrue, other }) => ({
    headers: {
      'mcp-protocol-version': version,
      'mcp-method': isTrue ? headerSafe(String(message.method)) : other,
    },
    body: { ...message, params: { ...(message.params as object), _meta: meta } },
  }))

/** A call of a tool with arguments that are near what its schema says. */
export function toolCalls(tools: readonly Tool[]) {
  const each = tools.map((tool) =>
    fc.record({ name: fc.constant(tool.name), arguments: valuesOf(schemasOf(tool).several.input) }),
  )
  return fc.oneof(...each)
}

function valuesOf(schema: TSchema): fc.Arbitrary<unknown> {
  const right = rightValuesOf(schema)
  return fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: hostileJson })
}

function rightValuesOf(schema: TSchema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'integer') return fc.oneof(fc.integer({ min: -1, max: 200 }), hostileNumber)
  if (schema.type === 'array') return fc.array(valuesOf(schema.items as TSchema), { maxLength: 3 })
  if (schema.type === 'object') {
    const properties = Object.entries(schema.properties as Record<string, TSchema>)
    const requiredKeys = ((schema.required ?? []) as string[]).filter(
      (name) => schema.properties[name].default === undefined,
    )
    return fc.record(Object.fromEntries(properties.map(([name, part]) => [name, valuesOf(part)])), { requiredKeys })
  }
  if (schema.format === 'date')
    return fc.constantFrom('2026-11-01', '0001-01-01', '9999-12-31', '2026-02-30', '2026-1-1')
  if (schema.pattern !== undefined) return fc.constantFrom('1', '0', '-1', '0.001', '999999999999.9999', '1e3', '٣')
  return fc.oneof(hostileText, fc.constantFrom('TEA', 'C-1', 'A-1'))
}

/** A text that may stand in a header: the rest is tried on raw sockets. */
export function headerText() {
  return hostileText.map(headerSafe)
}

export function headerSafe(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 2000)
}

/** Fields of a form or of a query, with hostile names and values among those that are known. */
export function fields(names: readonly string[], values: Record<string, readonly string[]> = {}) {
  const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: hostileText })
  const field = name.chain((each) => {
    const right = Object.hasOwn(values, each) ? values[each] : undefined
    const value =
      right === undefined
        ? hostileText
        : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: hostileText })
    return value.map((text) => [each, text.toWellFormed?.() ?? text] as [string, string])
  })
  return fc.array(field, { maxLength: names.length + 2 }).map((pairs) => new URLSearchParams(pairs).toString())
}
