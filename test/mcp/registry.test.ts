import { beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { createRegistry, type Registry } from '../../src/mcp/registry.ts'

let registry: Registry

beforeAll(async () => {
  registry = createRegistry(await loadTools())
})

describe('every tool', () => {
  it('is described in at most 200 characters', () => {
    const tooLong = registry.all.filter(({ tool }) => tool.description.length > 200)
    expect(tooLong.map(({ tool }) => `${tool.name}: ${tool.description.length}`)).toEqual([])
  })

  it('has its title twice and all four hints', () => {
    for (const { listing, tool } of registry.all) {
      for (const { title, annotations } of Object.values(listing)) {
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
})
