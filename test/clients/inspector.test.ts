import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FIRST_DAY, type Merchant, SECOND_DAY, startMerchant } from '../support/merchant.ts'
import { installed, output } from './run.ts'

let merchant: Merchant
let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'flowpos-inspector-'))
  merchant = await startMerchant()
})
afterAll(async () => {
  await merchant?.service.close()
  await rm(home, { recursive: true, force: true })
})

it('lists the tools and finds no schema that is not portable', async () => {
  const { tools } = await inspect('tools/list', '--strict')
  expect((tools as { name: string }[]).map(({ name }) => name)).toContain('summarize_day')
})

it('calls tools, each command line in a session of its own', async () => {
  expect(await call('summarize_day')).toMatch(FIRST_DAY)
  await call('set_active_business', '--tool-arg', `businessId=${merchant.second.id}`)
  expect(await call('summarize_day')).toMatch(SECOND_DAY)
})

async function call(name: string, ...args: string[]): Promise<string> {
  const { content, isError } = await inspect('tools/call', '--tool-name', name, ...args)
  expect(isError ?? false).toBe(false)
  return (content as [{ text: string }])[0].text
}

async function inspect(method: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { mcpUrl, token } = merchant
  const target = ['--cli', mcpUrl, '--transport', 'http', '--header', `Authorization: Bearer ${token}`]
  const options = ['--method', method, ...args]
  return JSON.parse(
    await output(process.execPath, [installed('.bin/mcp-inspector'), ...target, ...options], { HOME: home }),
  )
}
