import { loadTools } from '../plugins/mcp/registry.ts'
import { measure, problemsOf } from './token-budget.ts'

// Prints what the definitions of the tools cost a conversation, with --each tool by tool, and fails above a limit.

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
