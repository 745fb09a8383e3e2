import { afterAll, beforeAll, expect, it } from 'vitest'
import { FIRST_DAY, type Merchant, SECOND_DAY, startMerchant } from '../support/merchant.ts'
import { here, output } from './run.ts'

let merchant: Merchant

beforeAll(async () => {
  merchant = await startMerchant()
})
afterAll(() => merchant?.service.close())

it.each(['openai-agents', 'langchain', 'ai-sdk', 'google-genai'])('serves %s', async (library) => {
  const { mcpUrl, token, first, second } = merchant
  const printed = await output(process.execPath, [here(`libraries/${library}.mjs`), mcpUrl, token, first.id, second.id])
  const { tools, days } = JSON.parse(printed)
  expect(tools).toEqual(expect.arrayContaining(['get_context', 'set_active_business', 'summarize_day']))
  expect(days).toEqual([expect.stringMatching(FIRST_DAY), expect.stringMatching(SECOND_DAY)])
})
