import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FIRST_DAY, type Merchant, SECOND_DAY, startMerchant } from '../support/merchant.ts'
import { installed } from './run.ts'

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

type Result = Record<string, unknown>

/** mcp-remote as the configuration of Claude Desktop starts it, and the host's end of its stdio. */
function startRemote(token: string, options: string[]) {
  const args = [installed('.bin/mcp-remote'), merchant.mcpUrl, '--header', `Authorization: Bearer ${token}`, ...options]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, MCP_REMOTE_CONFIG_DIR: home },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const waiting = new Map<number, { resolve(result: Result): void; reject(error: Error): void }>()
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line) as { id?: number; result?: Result; error?: { message: string } }
    const request = waiting.get(id ?? -1)
    if (result !== undefined) request?.resolve(result)
    else request?.reject(new Error(error?.message))
  })
  const ended = once(child, 'close').then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`mcp-remote ended\n${log}`))
  })

  const send = (message: object) => child.stdin.write(`${JSON.stringify(message)}\n`)
  let lastId = 0
  return {
    send,
    request(method: string, params: object = {}): Promise<Result> {
      lastId += 1
      const id = lastId
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        send({ jsonrpc: '2.0', id, method, params })
      })
    },
    async stop() {
      child.kill()
      await ended
    },
  }
}
