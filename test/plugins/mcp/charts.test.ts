import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import registryPlugin from '../../../plugins/mcp/registry.ts'
import { buildCharts } from '../../../scripts/build-charts.ts'
import { CHARTS_TYPE, DRAWN_TOOLS, UI_EXTENSION } from '../../../src/mcp/charts.ts'
import { rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

// MCP Apps, revision 2026-01-26: tools name a page, and clients that declare the extension draw answers with it.
let service: Service
let token: string

beforeAll(async () => {
  await buildCharts()
  service = await startService({ users: ['ana'] })
  const luna = await makeShop(service.db, { name: 'Luna' })
  await makeUser(service.db, 'ana', [{ shop: luna, role: 'owner' }])
  token = await service.tokenOf('ana')
})
afterAll(() => service?.close())

interface Listed {
  name: string
  _meta?: { ui: { resourceUri: string } }
}

const DECLARED = { extensions: { [UI_EXTENSION]: { mimeTypes: [CHARTS_TYPE] } } }
const chartsOf = (tools: Listed[]) => tools.filter(({ _meta }) => _meta !== undefined).map(({ name }) => name)

/** The names of the tools with a page, for a client of an era that declares these capabilities. */
const eras = {
  async legacy(capabilities: Record<string, unknown>): Promise<string[]> {
    const { headers, body } = await rpc(service.app, token, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities,
      clientInfo: { name: 'test', version: '1' },
    })
    expect(body.result.capabilities.extensions).toEqual({ [UI_EXTENSION]: {} })
    const session = { 'mcp-session-id': String(headers['mcp-session-id']) }
    return chartsOf((await rpc(service.app, token, 'tools/list', {}, session)).body.result.tools)
  },
  async modern(capabilities: Record<string, unknown>): Promise<string[]> {
    const { body } = await modern('tools/list', {}, capabilities)
    return chartsOf(body.result.tools)
  },
}

function modern(method: string, params: Record<string, unknown>, capabilities: Record<string, unknown> = {}) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  }
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    accept: 'application/json, text/event-stream',
    'mcp-method': method,
    ...(typeof params.uri === 'string' && { 'mcp-name': params.uri }),
  }
  return rpc(service.app, token, method, { ...params, _meta }, headers)
}

describe.each(Object.entries(eras))('%s', (_era, list) => {
  it('names the page to clients that declare the extension', async () => {
    expect(await list(DECLARED)).toEqual(DRAWN_TOOLS)
  })

  it('names none to clients that declare others', async () => {
    expect(await list({})).toEqual([])
    expect(await list({ extensions: { [UI_EXTENSION]: { mimeTypes: ['text/uri-list'] } } })).toEqual([])
    expect(await list({ extensions: { [UI_EXTENSION]: {} } })).toEqual([])
    expect(await list({ extensions: { 'com.example/other': {} } })).toEqual([])
  })
})

it('names the page to clients of which nothing is known, also with full schemas', async () => {
  const { tools } = (await rpc(service.app, token, 'tools/list')).body.result
  expect(chartsOf(tools)).toEqual(DRAWN_TOOLS)
  const { tools: full } = (await rpc(service.app, token, 'tools/list', {}, { url: '/mcp?schemas=full' })).body.result
  expect(chartsOf(full)).toEqual(DRAWN_TOOLS)
  const { _meta } = tools.find(({ name }: Listed) => name === 'summarize_day')
  expect(_meta).toEqual({ ui: { resourceUri: _meta.ui.resourceUri }, 'ui/resourceUri': _meta.ui.resourceUri })
})

it('gives the page, which may load nothing, in both eras', async () => {
  const { tools } = (await rpc(service.app, token, 'tools/list')).body.result
  const uri = tools.find(({ name }: Listed) => name === 'summarize_day')._meta.ui.resourceUri as string
  expect(uri).toMatch(/^ui:\/\/flowpos\/charts-[0-9a-f]{8}$/)
  for (const { body } of [
    await rpc(service.app, token, 'resources/read', { uri }),
    await modern('resources/read', { uri }),
  ]) {
    const [contents] = body.result.contents
    expect(contents).toMatchObject({ uri, mimeType: 'text/html;profile=mcp-app' })
    expect(contents.text).toMatch(/^<!doctype html>/)
    expect(contents._meta.ui).toEqual({
      csp: { connectDomains: [], resourceDomains: [], frameDomains: [], baseUriDomains: [] },
      prefersBorder: true,
    })
  }
})

it('gives the page by the address that another version of the service named, and no other address', async () => {
  const read = async (uri: string) => (await rpc(service.app, token, 'resources/read', { uri })).body
  expect((await read('ui://flowpos/charts-00000000')).result.contents[0].text).toMatch(/^<!doctype html>/)
  for (const uri of ['ui://flowpos/charts', 'ui://flowpos/charts-00000000/../x', 'ui://other/charts-00000000']) {
    expect((await read(uri)).error.code).toBe(-32002)
  }
})

it('lists no page among the resources that a person picks from', async () => {
  const { resources } = (await rpc(service.app, token, 'resources/list')).body.result
  expect(resources.map(({ uri }: { uri: string }) => uri).filter((uri: string) => uri.startsWith('ui:'))).toEqual([])
})

it('keeps the text of a drawn answer whole', async () => {
  const { body } = await rpc(service.app, token, 'tools/call', { name: 'summarize_day', arguments: {} })
  expect(body.result.content[0].text).toContain('Net sales')
  expect(body.result._meta).toBeUndefined()
})

describe('without the built page', () => {
  it('lists tools as ever, reads none, and says so in the log', async () => {
    const lines: string[] = []
    const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => lines.push(line) } } })
    const folder = await mkdtemp(path.join(tmpdir(), 'charts-'))
    await app.register(registryPlugin, { chartsFile: path.join(folder, 'charts.html') })
    await app.ready()
    const principal = { businesses: [], grantedScopes: [], kind: 'merchant' }
    const list = app.registry.list(principal as never)
    expect(app.charts).toBeUndefined()
    expect(list.withCharts(list)).toBe(list)
    expect(lines.join()).toContain('The charts are not built')
    await app.close()
    await rm(folder, { recursive: true })
  })
})
