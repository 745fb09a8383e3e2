import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Merchant, startMerchant } from '../support/merchant.ts'
import { startBearerProxy } from './bearer-proxy.ts'
import { here, installed, run } from './run.ts'

let merchant: Merchant
let proxy: Awaited<ReturnType<typeof startBearerProxy>>
let results: string

beforeAll(async () => {
  results = await mkdtemp(join(tmpdir(), 'flowpos-conformance-'))
  merchant = await startMerchant()
  proxy = await startBearerProxy(merchant.origin, merchant.token)
})
afterAll(async () => {
  await proxy?.close()
  await merchant?.service.close()
  await rm(results, { recursive: true, force: true })
})

// The tool ends with an error for a failure that is not in the baseline, and for a baseline entry that passes.
it.each([
  {
    revision: '2025-11-25',
    tool: '@modelcontextprotocol/conformance',
    scenarios: ['--suite', 'all'],
    baseline: 'conformance-baseline-2025-11-25.yml',
    passes: ['server-initialize', 'ping', 'tools-list', 'server-sse-multiple-streams', 'dns-rebinding-protection'],
  },
  {
    revision: '2026-07-28',
    tool: 'conformance-next',
    scenarios: ['--requirements', '2026-07-28'],
    baseline: 'conformance-baseline-2026-07-28.yml',
    passes: ['tools-list', 'server-sse-multiple-streams', 'dns-rebinding-protection', 'http-header-validation'],
  },
])('conforms to the revision of $revision but for what the baseline gives a reason for', async (suite) => {
  const { code, stdout, stderr } = await run(process.execPath, [
    ...['--import', here('conformance-preload.mjs')],
    installed(`${suite.tool}/dist/index.js`),
    'server',
    ...['--url', `${proxy.origin}/mcp`, '--output-dir', results],
    ...suite.scenarios,
    ...['--expected-failures', here(suite.baseline)],
  ])
  expect(code, `${stdout}\n${stderr}`).toBe(0)
  // For the tool, a scenario that checks nothing has also passed.
  for (const scenario of suite.passes) expect(stdout).toMatch(new RegExp(`✓ ${scenario}: [1-9]\\d* passed, 0 failed`))
})
