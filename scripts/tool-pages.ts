import type { TSchema } from '@sinclair/typebox'
import { publicSchema } from '../src/mcp/published-schema.ts'
import { schemasOf } from '../src/mcp/registry.ts'
import type { Tool } from '../src/mcp/tool.ts'
import { hintReasons } from './hint-reasons.ts'

type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; items?: Schema; required?: string[] }

/** A tool, and its folder in `tools/`. */
export type ListedTool = Tool & { domain: string }

/** The README's table of tools: a line for each domain and scope, with links to the tools' pages. */
export function toolTable(tools: ListedTool[]): string {
  const lines = new Map<string, string[]>()
  for (const { name, domain, scopes } of tools) {
    const line = `| ${domain} | ${scopeOf(scopes)} |`
    lines.set(line, [...(lines.get(line) ?? []), link(name, 'docs/tools/')])
  }
  const rows = [...lines].map(([line, links]) => `${line} ${links.join(' · ')} |`).sort()
  return [
    `${tools.length} tools; [docs/tools](docs/tools/README.md) says in a line what each of them tells.`,
    ['| Domain | Scope | Tools |', '|---|---|---|', ...rows].join('\n'),
  ].join('\n\n')
}

/** `docs/tools/README.md`: every tool with the first sentence of its description. */
export function toolIndex(tools: ListedTool[]): string {
  const rows = tools.map(({ name, domain, scopes, description }) => {
    const [firstSentence] = description.split(/(?<=\.) /)
    return `| ${link(name)} | ${domain} | ${scopeOf(scopes)} | ${firstSentence} |`
  })
  return `# Tools

${tools.length} tools. What a credential may not use is not listed, and answers like an unknown tool.

| Tool | Domain | Scope | What it tells |
|---|---|---|---|
${rows.join('\n')}
`
}

function link(name: string, folder = ''): string {
  return `[\`${name}\`](${folder}${name}.md)`
}

function scopeOf(scopes: readonly string[]): string {
  return scopes.length === 0 ? 'any' : scopes.join(', ')
}

/** The documentation page of a tool, from its definition: all arguments and results, including bounds. */
export function toolPage(tool: Tool): string {
  const { name, title, description, scopes } = tool
  const { one } = schemasOf(tool)
  const input = schemaOf(one.input)
  const output = schemaOf(one.output)
  return [
    `# ${title}: \`${name}\``,
    description,
    `- Scope: ${scopeOf(scopes)}`,
    `- ${hintReasons(tool)}`,
    '## Arguments',
    argumentTable(input, tool.kind === 'business'),
    '## Result',
    fieldList(output, 0).join('\n'),
    '',
  ].join('\n\n')
}

function schemaOf(schema: TSchema): Schema {
  return publicSchema(schema) as Schema
}

function argumentTable(input: Schema, takesBusiness: boolean): string {
  const rows = Object.entries(input.properties ?? {}).flatMap(([name, schema]) =>
    argumentRows(name, schema, input.required ?? []),
  )
  if (takesBusiness) {
    rows.push(
      '| `businessId` | string | | Offered to credentials with two or more businesses; default: the active one |',
    )
  }
  if (rows.length === 0) return 'None.'
  return ['| Argument | Type | Required | Meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function argumentRows(name: string, schema: Schema, required: readonly string[]): string[] {
  const isRequired = required.includes(name.split('.').at(-1) ?? name) && schema.default === undefined
  const about = [schema.description, limitsOf(schema)].filter((part) => part !== undefined && part !== '').join('; ')
  const own = `| \`${name}\` | ${typeOf(schema)} | ${isRequired ? 'yes' : ''} | ${about.replaceAll('|', '\\|')} |`
  const inner = schema.items ?? schema
  const parts = Object.entries(inner.properties ?? {}).flatMap(([part, each]) =>
    argumentRows(`${name}${schema.items === undefined ? '' : '[]'}.${part}`, each, inner.required ?? []),
  )
  return [own, ...parts]
}

function limitsOf(schema: Schema): string {
  const limits = {
    minimum: 'at least',
    maximum: 'at most',
    minItems: 'at least (items)',
    maxItems: 'at most (items)',
    maxLength: 'at most (characters)',
    format: 'format',
    default: 'default',
  }
  return Object.entries(limits)
    .filter(([key]) => schema[key] !== undefined)
    .map(([key, words]) => `${words} ${JSON.stringify(schema[key]).replaceAll('"', '')}`)
    .join(', ')
}

function fieldList(schema: Schema, depth: number): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const about = field.description === undefined ? '' : ` — ${field.description as string}`
    const line = `${'  '.repeat(depth)}- \`${name}\`: ${typeOf(field)}${about}`
    if (isMoney(field) || isMoney(field.items)) return [line]
    return [line, ...fieldList(field.items ?? field, depth + 1)]
  })
}

function typeOf(schema: Schema): string {
  if (isMoney(schema)) return Array.isArray(schema.type) ? 'money or null' : 'money'
  if (schema.enum !== undefined) return (schema.enum as unknown[]).map((value) => `\`${String(value)}\``).join(', ')
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`
  return [schema.type].flat().join(' or ')
}

function isMoney(schema: Schema | undefined): boolean {
  return schema?.title === 'Money'
}
