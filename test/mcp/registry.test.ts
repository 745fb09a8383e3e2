import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { SCOPES } from '../../src/auth/scopes.ts'
import { createRegistry, type Registry, type ToolListing } from '../../src/mcp/registry.ts'

let registry: Registry

beforeAll(async () => {
  registry = createRegistry(await loadTools())
})

function owner(...businesses: string[]): Principal {
  return {
    kind: 'merchant',
    role: 'merchant',
    ref: 'user:1',
    userId: '1',
    credentialId: '1',
    grantedScopes: SCOPES,
    clientData: true,
    businesses: businesses.map((id) => ({
      id,
      name: id,
      timezone: 'UTC',
      currency: 'USD',
      currencyDigits: 2,
      role: 'owner',
    })),
    defaultBusinessId: null,
    expiresAt: null,
  }
}

const listed = (name: string, tools: readonly ToolListing[]) =>
  tools.find((tool) => tool.name === name) as ToolListing & {
    inputSchema: { properties: Record<string, Record<string, unknown>>; required?: string[] }
    outputSchema: { properties: Record<string, Record<string, unknown>> }
  }

describe('every tool', () => {
  it('is described in at most 200 characters', () => {
    const tooLong = registry.all.filter(({ tool }) => tool.description.length > 200)
    expect(tooLong.map(({ tool }) => `${tool.name}: ${tool.description.length}`)).toEqual([])
  })

  it('has its title twice and all four hints', () => {
    for (const { listing, fullListing, tool } of registry.all) {
      for (const { title, annotations } of [...Object.values(listing), ...Object.values(fullListing())]) {
        expect({ title, annotations }).toEqual({
          title: tool.title,
          annotations: {
            title: tool.title,
            readOnlyHint: expect.any(Boolean),
            destructiveHint: expect.any(Boolean),
            idempotentHint: expect.any(Boolean),
            openWorldHint: false,
          },
        })
      }
    }
  })

  it('has full schemas that a strict validator accepts, with nothing but JSON Schema in them', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: true, allowUnionTypes: true }))
    for (const { tool, fullListing } of registry.all) {
      for (const { inputSchema, outputSchema } of Object.values(fullListing())) {
        expect(() => ajv.compile(inputSchema), tool.name).not.toThrow()
        expect(() => ajv.compile(outputSchema), tool.name).not.toThrow()
      }
    }
  })
})

describe('full schemas', () => {
  it('state bounds, formats, defaults and closed objects; the others only what every client reads', () => {
    const list = registry.list(owner('a', 'b'))
    const short = listed('get_sales_report', list.tools).inputSchema
    expect(short.properties.from).toEqual({ type: 'string', description: 'YYYY-MM-DD' })
    expect(short).not.toHaveProperty('additionalProperties')

    const { inputSchema } = listed('get_sales_report', list.full().tools)
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
    expect(inputSchema.properties.from).toEqual({
      type: 'string',
      format: 'date',
      description: 'YYYY-MM-DD',
    })
    expect(inputSchema.properties.groupBy).toMatchObject({ items: { enum: expect.arrayContaining(['week']) } })
    expect(inputSchema.properties.compare).toMatchObject({ default: 'none' })
    // Arguments with a default may be left out.
    expect(inputSchema.required).toBeUndefined()
    expect(inputSchema.properties).toHaveProperty('businessId')
    expect(listed('get_products', list.full().tools).inputSchema.properties.limit).toMatchObject({
      minimum: 1,
      maximum: 100,
      default: 25,
    })
    const { items } = listed('create_order', list.full().tools).inputSchema.properties
    expect(items).toMatchObject({
      type: 'array',
      items: { additionalProperties: false, required: ['product', 'quantity'] },
    })
  })

  it('state the inner structure of results, and what every result has in common', () => {
    const list = registry.list(owner('a'))
    expect(listed('create_order', list.tools).outputSchema.properties).not.toHaveProperty('business')
    const { outputSchema, inputSchema } = listed('create_order', list.full().tools)
    expect(outputSchema.properties.business).toMatchObject({ properties: { id: { type: 'string' } } })
    expect(outputSchema).toMatchObject({ required: expect.arrayContaining(['business', 'dryRun', 'replayed']) })
    expect(inputSchema.properties).not.toHaveProperty('businessId')
  })

  it('are made once for all who see the same tools', () => {
    const list = registry.list(owner('a', 'b'))
    expect(registry.list(owner('c', 'd')).full()).toBe(list.full())
    expect(JSON.parse(list.full().json.toString())).toEqual({ tools: list.full().tools })
    expect(list.full().tools.map(({ name }) => name)).toEqual(list.tools.map(({ name }) => name))
  })
})
