import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FIRST_DAY, type Merchant, SECOND_DAY, startMerchant } from '../support/merchant.ts'
import { listing } from './guide.ts'
import { here, output, run } from './run.ts'

let merchant: Merchant

beforeAll(async () => {
  merchant = await startMerchant()
})
afterAll(() => merchant?.service.close())

it('exchanges a Firebase token with the curl command', async () => {
  const grant = JSON.parse(await output('bash', ['-c', await listing('exchange.sh', merchant)]))
  const { first, second } = merchant
  expect(grant).toMatchObject({
    accessToken: expect.stringMatching(/^eyJ/),
    expiresIn: 86400,
    role: 'merchant',
    activeBusinessId: first.id,
    authorizedBusinessIds: [first.id, second.id],
    authorizedBusinesses: [
      { id: first.id, name: first.name },
      { id: second.id, name: second.name },
    ],
    scopes: ['pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents'],
  })
})

it('renews a token with the workflow of the command line', async () => {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  const use = `curl -s ${merchant.mcpUrl} -H "Authorization: Bearer $NEW_TOKEN" -H "Content-Type: application/json" -d '${body}'`
  const printed = await output('bash', ['-c', `${await listing('refresh.sh', merchant)}\n${use}`])
  expect(toolNames(JSON.parse(printed).result.tools)).toContain('summarize_day')
})

it('serves the manual function bridge', async () => {
  const calls = [
    ['summarize_day', {}],
    ['get_products', { limit: 10 }],
    ['set_active_business', { businessId: merchant.second.id }],
    ['summarize_day', {}],
  ]
  const { declared, answers } = await runBridge(calls)
  expect(declared).toEqual(expect.arrayContaining(['get_context', 'set_active_business', 'summarize_day']))
  expect(answers.map(({ name }) => name)).toEqual(calls.map(([name]) => name))
  expect(answers[0]?.result).toMatch(FIRST_DAY)
  expect(answers[1]?.result).toContain('COFFEE')
  expect(answers[3]?.result).toMatch(SECOND_DAY)
})

async function runBridge(calls: unknown): Promise<{ declared: string[]; answers: { name: string; result: string }[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'flowpos-bridge-'))
  try {
    const script = join(dir, 'bridge.py')
    await writeFile(script, await listing('bridge.py', merchant))
    const env = { PYTHONPATH: here('gemini'), PYTHONDONTWRITEBYTECODE: '1', FUNCTION_CALLS: JSON.stringify(calls) }
    return JSON.parse(await output(await findPython(), [script], env))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** A Python with the bridge's packages; the first on PATH may not be the one that has the system's packages. */
async function findPython(): Promise<string> {
  for (const python of ['python3', '/usr/bin/python3']) {
    const { code } = await run(python, ['-c', 'import httpx, requests']).catch(() => ({ code: null }))
    if (code === 0) return python
  }
  throw new Error(
    'The bridge needs Python 3 with httpx and requests: `apt-get install python3-httpx python3-requests` ' +
      'or `pip install httpx requests`.',
  )
}

function toolNames(tools: { name: string }[]): string[] {
  return tools.map(({ name }) => name)
}
