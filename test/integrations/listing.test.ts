import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import listing from '../../integrations/listing.json' with { type: 'json' }
import server from '../../integrations/server.json' with { type: 'json' }
import packageJson from '../../package.json' with { type: 'json' }
import { loadTools } from '../../plugins/mcp/registry.ts'
import { hintReasons } from '../../scripts/hint-reasons.ts'
import { ICONS, SERVER_INFO } from '../../src/mcp/server-info.ts'
import { startDemo } from './demo.ts'

const { positive, negative } = listing
const tools = await loadTools()

/** What the registry's schema of 2025-12-11 asks of the members that are used here. */
const REGISTRY = {
  type: 'object',
  required: ['$schema', 'name', 'title', 'description', 'version', 'icons', 'remotes'],
  additionalProperties: false,
  properties: {
    $schema: { const: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json' },
    name: { type: 'string', maxLength: 200, pattern: '^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$' },
    title: { type: 'string', minLength: 1, maxLength: 100 },
    description: { type: 'string', minLength: 1, maxLength: 100 },
    version: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+$' },
    icons: {
      type: 'array',
      items: {
        type: 'object',
        required: ['src', 'mimeType', 'sizes', 'theme'],
        additionalProperties: false,
        properties: {
          src: { type: 'string', format: 'uri', maxLength: 255, pattern: '^https://' },
          mimeType: { enum: ['image/png', 'image/svg+xml'] },
          sizes: { type: 'array', items: { type: 'string', pattern: '^(\\d+x\\d+|any)$' } },
          theme: { enum: ['light', 'dark'] },
        },
      },
    },
    remotes: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['type', 'url'],
        additionalProperties: false,
        properties: { type: { const: 'streamable-http' }, url: { type: 'string', pattern: '^https://[^\\s]+$' } },
      },
    },
  },
}

describe('what the directories publish', () => {
  it('describes the service for the MCP registry in the words of its schema', () => {
    const ajv = addFormats.default(new Ajv({ allErrors: true }))
    expect(ajv.validate(REGISTRY, server) ? [] : ajv.errors).toEqual([])
    expect(server.version).toBe(packageJson.version)
    // The registry proves the name by the domain: reversed, it must be that of the address.
    const [namespace = ''] = server.name.split('/')
    expect(new URL(server.remotes[0]?.url ?? '').hostname).toMatch(
      new RegExp(`\\.${namespace.split('.').toReversed().join('\\.')}$`),
    )
    const icons = server.icons.map(({ src, ...icon }) => ({
      file: path.posix.basename(new URL(src).pathname),
      ...icon,
    }))
    expect(icons).toEqual(expect.arrayContaining(ICONS.map((icon) => ({ ...icon, sizes: [...icon.sizes] }))))
  })

  it('keeps to the lengths of the forms, and to a name without the protocol', () => {
    expect(listing.name).toBe(SERVER_INFO.title)
    expect(listing.name).not.toMatch(/mcp|plugin/i)
    expect(listing.name.length).toBeLessThanOrEqual(30)
    expect(listing.tagline.length).toBeLessThanOrEqual(55)
    expect(listing.short.length).toBeLessThanOrEqual(30)
    expect(listing.long.length).toBeLessThanOrEqual(4000)
    expect([listing.examples.length, positive.length, negative.length]).toEqual([3, 5, 3])
  })

  it.each(tools)('gives a title, hints and their reason, and at most 200 characters to $name', (tool) => {
    expect(tool.title.length).toBeGreaterThan(0)
    expect(tool.name).toMatch(/^[a-z_]{1,64}$/)
    expect(tool.description.length).toBeLessThanOrEqual(200)
    expect(Object.values(tool.annotations)).toEqual(Array(4).fill(expect.any(Boolean)))
    expect(tool.annotations.readOnlyHint && tool.annotations.destructiveHint).toBe(false)
    expect(hintReasons(tool)).toMatch(/\.$/)
  })

  it('asks for no card data, credentials or health data', () => {
    const asked = tools.flatMap(({ name, input }) => Object.keys(input.properties).map((each) => `${name}.${each}`))
    expect(asked.filter((each) => /password|secret|pin$|cvv|cvc|card_?number|iban|diagnosis|ssn/i.test(each))).toEqual(
      [],
    )
  })

  it('names in docs/listing.md only tests that exist', async () => {
    const root = path.join(import.meta.dirname, '../..')
    const page = await readFile(path.join(root, 'docs/listing.md'), 'utf8')
    const named = [
      ...new Set([...page.matchAll(/`((?:test|integrations|docs|src|plugins)\/[\w./-]+)`/g)].map(([, file]) => file)),
    ]
    expect(named.length).toBeGreaterThan(5)
    for (const file of named) await expect(access(path.join(root, file as string)), file).resolves.toBeUndefined()
  })
})

describe('the test prompts, as the reviewer sends them', () => {
  let demo: Awaited<ReturnType<typeof startDemo>>

  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(() => demo?.close())

  it.each(positive)('$prompt', async ({ call, answer }) => {
    const { text, isError } = await demo.call(call.tool, call.arguments)
    expect({ isError, text }).toEqual({ isError: false, text: expect.stringMatching(new RegExp(answer)) })
  })

  it.each(negative)('not: $prompt', async ({ absent = [], refused }) => {
    if (refused !== undefined) {
      const { text, isError } = await demo.call(refused.tool, refused.arguments)
      const unknown = await demo.call(refused.tool, { businessId: '0b050000-0000-4000-8000-0000000000ff' })
      expect(isError).toBe(true)
      expect(text).toBe(unknown.text.replaceAll('0000000000ff', '000000000002'))
      return
    }
    const { tools: listed } = await demo.client.listTools()
    for (const word of absent) expect(JSON.stringify(listed)).not.toMatch(new RegExp(`\\b${word}\\b`, 'i'))
  })
})
