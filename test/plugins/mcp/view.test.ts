import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resourceSuffix } from '../../../src/oauth/addresses.ts'
import { rpc } from '../../support/service.ts'
import { startTill, type Till } from '../../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
})
afterAll(() => till?.service.close())

async function names(headers: Record<string, string>, token = till.owner): Promise<string[]> {
  const { body } = await rpc(till.service.app, token, 'tools/list', {}, headers)
  return body.result.tools.map(({ name }: { name: string }) => name)
}

const WRITES = ['create_order', 'refund_order', 'update_product', 'adjust_inventory']

describe('a view', () => {
  it.each([
    [{ url: '/mcp?readonly=true' }],
    [{ url: '/mcp?toolset=read' }],
    [{ 'x-flowpos-readonly': 'true' }],
    [{ 'x-flowpos-toolset': 'read' }],
  ])('%j leaves what reads', async (headers) => {
    const seen = await names(headers as never)
    for (const tool of WRITES) expect(seen).not.toContain(tool)
    expect(seen).toEqual(expect.arrayContaining(['get_context', 'list_orders', 'get_sales_report', 'export_data']))
    // Everything but what writes.
    const all = await names({})
    expect(all.filter((name) => !seen.includes(name)).sort()).toEqual([
      'adjust_inventory',
      'cancel_order',
      'create_client',
      'create_order',
      'create_product',
      'refund_order',
      'transfer_inventory',
      'update_client',
      'update_product',
    ])
  })

  it('of intents or reports leaves these and who asks', async () => {
    const intents = await names({ url: '/mcp?toolset=intents' })
    expect(intents).toEqual(expect.arrayContaining(['get_context', 'summarize_day', 'get_client_health']))
    expect(intents).not.toContain('get_sales_report')
    const reports = await names({ url: '/mcp?toolset=reports' })
    expect(reports).toEqual(expect.arrayContaining(['get_context', 'get_sales_report', 'get_tax_report']))
    expect(reports).not.toContain('list_orders')
  })

  it('holds for calls, which say so', async () => {
    const refused = await rpc(
      till.service.app,
      till.owner,
      'tools/call',
      { name: 'list_orders', arguments: {} },
      { url: '/mcp?toolset=reports&readonly=true' },
    )
    expect(refused.body.result).toMatchObject({ isError: true })
    expect(refused.body.result.content[0].text).toContain(
      'forbidden: list_orders is left out of this connection, which is set up with toolset=reports and readonly=true.',
    )
  })

  it('holds in revision 2026-07-28, too', async () => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const { body } = await rpc(
      till.service.app,
      till.owner,
      'tools/list',
      { _meta: meta },
      {
        url: '/mcp?toolset=intents',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/list',
        accept: 'application/json, text/event-stream',
      },
    )
    const seen = body.result.tools.map(({ name }: { name: string }) => name)
    expect(seen).toContain('summarize_day')
    expect(seen).not.toContain('create_order')
  })

  it('gives no more than the role does', async () => {
    expect(await names({ url: '/mcp?toolset=reports' }, till.cashier)).toEqual(['get_context'])
    expect(await names({ url: `/mcp?toolset=intents&businessId=${till.shop.id}` }, till.cashier)).toEqual([
      'get_context',
    ])
  })

  it('of no known name, or of two, is refused', async () => {
    for (const headers of [
      { url: '/mcp?toolset=all' },
      { url: '/mcp?readonly=maybe' },
      { url: '/mcp?toolset=read', 'x-flowpos-toolset': 'intents' },
    ]) {
      const { status, body } = await rpc(till.service.app, till.owner, 'tools/list', {}, headers as never)
      expect([status, body.code]).toEqual([400, 'invalid_request'])
    }
    expect(await names({ url: '/mcp?toolset=&readonly=false' })).toEqual(await names({}))
  })

  it('is part of the resource that OAuth clients compare with their address', () => {
    expect(resourceSuffix('/mcp/connect?toolset=research&readonly=true')).toBe('?toolset=research&readonly=true')
  })
})
