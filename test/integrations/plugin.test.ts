import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { startDemo } from './demo.ts'

const folder = path.join(import.meta.dirname, '../../integrations/flowpos')
const read = async (file: string) => JSON.parse(await readFile(path.join(folder, file), 'utf8'))
const ADDRESS = 'https://api.flowpos.app/mcp/connect'

describe('the manifests', () => {
  it('name the plugin and its version alike for each assistant', async () => {
    const manifests = ['.claude-plugin/plugin.json', '.cursor-plugin/plugin.json', 'gemini-extension.json']
    for (const { name, version, description } of await Promise.all(manifests.map(read))) {
      expect({ name, version }).toEqual({ name: 'flowpos', version: packageJson.version })
      // https://cursor.com/schemas/cursor-plugin/plugin.json, which is the strictest.
      expect(name).toMatch(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
      expect(description.length).toBeGreaterThan(0)
    }
    const { plugins } = await read('../.claude-plugin/marketplace.json')
    expect(plugins).toMatchObject([{ name: 'flowpos', source: './flowpos', version: packageJson.version }])
  })

  it('connect by address and sign-in, and carry no credential', async () => {
    expect(await read('.mcp.json')).toEqual({ mcpServers: { flowpos: { type: 'http', url: ADDRESS } } })
    expect(await read('gemini-extension.json')).toMatchObject({ mcpServers: { flowpos: { httpUrl: ADDRESS } } })
    expect(await read('.cursor-plugin/plugin.json')).toMatchObject({ skills: './skills/', mcpServers: './.mcp.json' })
  })
})

interface Step {
  tool: string
  args: string
}

/** The calls of a skill: its numbered steps begin with a tool and its arguments. */
function stepsOf(skill: string): Step[] {
  return [...skill.matchAll(/^\d+\. `(\w+) (\{.*\})`:/gm)].map(([, tool = '', args = '']) => ({ tool, args }))
}

const skills = await Promise.all(
  (await readdir(path.join(folder, 'skills'))).map(async (name) => {
    const text = await readFile(path.join(folder, 'skills', name, 'SKILL.md'), 'utf8')
    return { name, text, steps: stepsOf(text) }
  }),
)

describe('the skills', () => {
  let demo: Awaited<ReturnType<typeof startDemo>>

  beforeAll(async () => {
    demo = await startDemo()
  })
  afterAll(() => demo?.close())

  it('are those that the README promises', () => {
    expect(skills.map(({ name }) => name)).toEqual([
      'close-of-day',
      'month-for-the-accountant',
      'price-change',
      'reorder',
    ])
  })

  it.each(skills)('$name is described, and each of its calls works in the shop of the demo', async (skill) => {
    // https://agentskills.io: a name like the folder's, and at most 1,024 characters that say what and when.
    const [, name, description = ''] = /^---\nname: (\S+)\ndescription: "([^"]+)"\n---\n/.exec(skill.text) ?? []
    expect(name).toBe(skill.name)
    expect(description).toMatch(/Use when/)
    expect(description.length).toBeLessThanOrEqual(1024)
    const numbered = skill.text.match(/^\d+\. /gm)?.length
    expect(skill.steps).toHaveLength(numbered ?? 0)
    expect(numbered).toBeGreaterThanOrEqual(3)

    // What the merchant says, and what the first call tells.
    const known: Record<string, string> = { product: 'Café de Huehuetenango', price: '75.00', key: 'raise-1' }
    for (const { tool, args } of skill.steps) {
      const filled = args.replaceAll(/<([a-z ]+)>/g, (_all, each: string) => {
        if (known[each] === undefined) throw new Error(`nothing before tells <${each}>`)
        return known[each]
      })
      const { text, data, isError } = await demo.call(tool, JSON.parse(filled))
      expect({ tool, isError, text }).toEqual({ tool, isError: false, text: expect.stringMatching(/\S/) })
      if (tool === 'get_product') {
        const [variant] = data.variants
        Object.assign(known, { sku: variant.sku, 'old price': variant.price })
      }
    }
    if (skill.name !== 'price-change') return
    const { data } = await demo.call('get_product', { product: known.product })
    expect(data.variants[0].price).toMatch(/^75(\.00)?$/)
  })
})
