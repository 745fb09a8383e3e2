import { loadTools } from '../plugins/mcp/registry.ts'
import { measure, problemsOf } from './token-budget.ts'

// Prints the tokens that tool definitions cost a conversation (with --each for every tool); fails above a limit.

const costs = measure(await loadTools())
if (process.argv.includes('--each')) {
  for (const { name, tokens, limit } of costs.tools) console.log(`${name.padEnd(30)} ${tokens} of ${limit}`)
}
for (const { name, tools, tokens, limit } of costs.lists) {
  console.log(`${name}: ${tools.length} tools, ${tokens} of ${limit} tokens`)
}
const problems = problemsOf(costs)
for (const problem of problems) console.error(problem)
process.exit(problems.length > 0 ? 1 : 0)
