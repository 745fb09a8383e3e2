import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FIRST_DAY, type Merchant, SECOND_DAY, startMerchant } from '../support/merchant.ts'
import { installed } from './run.ts'
import { startStdioPeer } from './stdio-peer.ts'

let merchant: Merchant
let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'flowpos-mcp-remote-'))
  merchant = await startMerchant()
})
afterAll(async () => {
  await merchant?.service.close()
  await rm(home, { recursive: true, force: true })
})

const INITIALIZE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'claude-ai', version: '0.1.0' },
}

it('serves Claude Desktop through mcp-remote', () => conversation(merchant.token))

it('serves an mcp-remote that negotiates the newest protocol', () => conversation(merchant.token, '--protocol', 'auto'))

async function conversation(token: string, ...options: string[]): Promise<void> {
  const remote = startRemote(token, options)
  try {
    const initialized = await remote.request('initialize', INITIALIZE)
    expect(initialized.serverInfo).toMatchObject({ name: 'flowpos' })
    remote.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const { tools } = await remote.request('tools/list')
    expect((tools as { name: string }[]).map(({ name }) => name)).toContain('set_active_business')

    for (const [shop, day] of [
      [merchant.first, FIRST_DAY],
      [merchant.second, SECOND_DAY],
    ] as const) {
      await remote.request('tools/call', { name: 'set_active_business', arguments: { businessId: shop.id } })
      const { content } = await remote.request('tools/call', { name: 'summarize_day', arguments: {} })
      expect((content as [{ text: string }])[0].text).toMatch(day)
    }
  } finally {
    await remote.stop()
  }
}

/** mcp-remote as the configuration of Claude Desktop starts it, and the host's end of its stdio. */
function startRemote(token: string, options: string[]) {
  const args = [installed('.bin/mcp-remote'), merchant.mcpUrl, '--header', `Authorization: Bearer ${token}`, ...options]
  return startStdioPeer(process.execPath, args, { env: { ...process.env, MCP_REMOTE_CONFIG_DIR: home } })
}
