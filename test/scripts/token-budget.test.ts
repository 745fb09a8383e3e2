import { Type } from '@sinclair/typebox'
import { expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { measure, problemsOf } from '../../scripts/token-budget.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'

/** A tool whose description costs about as many tokens as it has words. */
function toolOf(name: string, words: number) {
  return defineTool({
    name,
    title: 'Made up',
    description: ' word'.repeat(words),
    scopes: ['pos:write'],
    annotations: readOnly,
    mode: 'read',
    input: Type.Object({}),
    output: Type.Object({}),
    handler: () => Promise.reject(new Error('never called')),
  })
}

it('is kept by the existing tools', async () => {
  expect(problemsOf(measure(await loadTools()))).toEqual([])
})

it('is exceeded by a tool that grows, which is named with its excess and what to do', async () => {
  expect(problemsOf(measure([toolOf('list_small', 200)]))).toEqual([])
  const costs = measure([toolOf('list_small', 200), toolOf('list_large', 450)])
  const { tokens } = costs.tools.find(({ name }) => name === 'list_large') as { tokens: number }
  expect(tokens).toBeGreaterThan(450)
  expect(problemsOf(costs)).toEqual([
    `list_large: ${tokens} tokens, ${tokens - 400} above its limit of 400. ` +
      'Shorten the descriptions of the tool and its arguments, or take arguments away.',
  ])
})

it('is larger for create_order only', () => {
  expect(problemsOf(measure([toolOf('create_order', 400)]))).toEqual([])
  expect(problemsOf(measure([toolOf('refund_order', 400)]))).toHaveLength(1)
})

it('is exceeded by many tools that are each small enough, of which the most expensive are named', () => {
  const many = Array.from({ length: 40 }, (_, n) => toolOf(`list_${n}`, 200 + n))
  const costs = measure(many)
  const [everything] = costs.lists as [(typeof costs.lists)[number]]
  expect(problemsOf(costs)).toEqual([
    `everything: ${everything.tokens} tokens, ${everything.tokens - 10_500} above its limit of 10500. ` +
      'Shorten tools of this list; the dearest are list_39, list_38, list_37, list_36, list_35.',
  ])
})

it.each([
  [400, []],
  [401, ['a: 401 tokens, 1 above its limit of 400.']],
])('is what a tool may cost just so: %i', (tokens, problems) => {
  const found = problemsOf({ tools: [{ name: 'a', tokens, limit: 400 }], lists: [] })
  expect(found.map((problem) => problem.split(' Shorten')[0])).toEqual(problems)
})

it('counts what a credential sees', async () => {
  const { lists } = measure(await loadTools())
  expect(lists.map(({ name, limit }) => [name, limit])).toEqual([
    ['everything', 10_500],
    ['reading only', 7_500],
    ['intents only', 1_500],
  ])
  const [everything, reading, intents] = lists.map(({ tools }) => [...tools].sort())
  expect(everything).toEqual(expect.arrayContaining(['create_order', 'set_active_business', 'get_tax_report']))
  expect(everything).not.toContain('list_tenants')
  expect(reading).toEqual(everything?.filter((name) => !/^(adjust|cancel|create|refund|transfer|update)_/.test(name)))
  expect(intents).toEqual([
    'get_client_health',
    'get_context',
    'get_inventory_health',
    'get_reorder_list',
    'set_active_business',
    'summarize_day',
    'summarize_period',
  ])
})
