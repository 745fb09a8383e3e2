import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { loadTools } from '../plugins/mcp/registry.ts'
import { SCOPES } from '../src/auth/scopes.ts'
import { createRegistry } from '../src/mcp/registry.ts'

// Every definition is paid for in every conversation: counts what an owner of two businesses gets from `tools/list`,
// with OpenAI's public tokenizer, and fails above the budget.

const BUDGET = 9000

const business = (id: string) => ({ id, name: id, timezone: 'UTC', currency: 'USD', currencyDigits: 2, role: 'owner' })
const { tools: list } = createRegistry(await loadTools()).list({
  kind: 'merchant',
  role: 'merchant',
  ref: 'user:1',
  userId: '1',
  credentialId: '1',
  grantedScopes: SCOPES,
  businesses: [business('1'), business('2')],
  defaultBusinessId: '1',
  expiresAt: null,
})

const sizes = list.map((tool) => ({ name: tool.name, tokens: countTokens(JSON.stringify(tool)) }))
if (process.argv.includes('--each')) {
  for (const { name, tokens } of sizes.toSorted((a, b) => b.tokens - a.tokens))
    console.log(String(tokens).padStart(6), name)
}
const total = countTokens(JSON.stringify(list))
const seen = countTokens(
  JSON.stringify(list.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))),
)
console.log(`${list.length} tools: ${total} tokens of ${BUDGET} (names, descriptions and input schemas alone: ${seen})`)
process.exit(total > BUDGET ? 1 : 0)
