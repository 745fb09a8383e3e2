import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpc } from '../../support/service.ts'
import { startTill, type Till } from '../../support/till.ts'

const URL_OF = { url: '/mcp?toolset=research' }

let till: Till
beforeAll(async () => {
  till = await startTill()
  await till.product('PAN-1', { price: '10' })
  await till.service.db.asOwner("update product set name = 'Pan de banano' where business_id = $1", [till.shop.id])
  await till.service.db.asOwner("insert into customer (business_id, code, name) values ($1, 'C-1', 'José Peña')", [
    till.shop.id,
  ])
  await till.ok('create_order', { items: [{ product: 'PAN-1', quantity: '1' }], clientId: 'C-1' })
})
afterAll(() => till?.service.close())

async function ask(name: string, args: Record<string, unknown>, token = till.owner) {
  const { body } = await rpc(till.service.app, token, 'tools/call', { name, arguments: args }, URL_OF)
  const { content, structuredContent, isError } = body.result
  // ChatGPT reads the text, others the data.
  if (isError !== true) expect(JSON.parse(content[0].text)).toEqual(structuredContent)
  return { data: structuredContent, text: content[0].text as string, isError: isError === true }
}

describe('the toolset for research', () => {
  it('has search and fetch, which nobody else sees', async () => {
    const names = async (headers: Record<string, string>) =>
      (await rpc(till.service.app, till.owner, 'tools/list', {}, headers)).body.result.tools.map(
        ({ name }: { name: string }) => name,
      )
    expect(await names(URL_OF)).toEqual(['fetch', 'search'])
    for (const headers of [{}, { url: '/mcp?toolset=read' }]) {
      const others = await names(headers)
      expect(others).not.toContain('search')
      expect(others).not.toContain('fetch')
    }
    const { body } = await rpc(till.service.app, till.owner, 'tools/call', {
      name: 'search',
      arguments: { query: 'x' },
    })
    expect(body.error.message).toContain('Unknown tool')
  })

  it.each([
    ['banano', 'product:PAN-1', 'Pan de banano'],
    ['peña', 'client:C-1', 'José Peña'],
    ['FP-000001', 'order:FP-000001', 'GTQ'],
    ['tax of this month', 'report:get_tax_report', 'Tax of a period'],
  ])('finds and reads %s', async (query, id, words) => {
    const { data } = await ask('search', { query })
    const found = data.results.find((each: { id: string }) => each.id === id)
    expect(found).toMatchObject({ id, title: expect.any(String) })
    expect(new URL(found.url).origin).toBe('http://localhost:4000')
    const { data: whole } = await ask('fetch', { id })
    expect(whole).toMatchObject({ id, url: found.url, metadata: { kind: id.split(':')[0] } })
    expect(whole.text).toContain(words)
  })

  it('gives no more than the role does', async () => {
    const { data } = await ask('search', { query: 'tax report' }, till.cashier)
    expect(data.results.filter(({ id }: { id: string }) => id.startsWith('report:'))).toEqual([])
    expect((await ask('fetch', { id: 'report:get_tax_report' }, till.cashier)).text).toContain('not_found')
  })

  it('refuses ids that are no such thing', async () => {
    expect((await ask('fetch', { id: 'nonsense' })).text).toContain('id must be one that search gave')
    expect((await ask('fetch', { id: 'report:create_order' })).text).toContain('not_found')
    expect((await ask('fetch', { id: 'product:NOPE' })).text).toContain('not_found')
  })
})
