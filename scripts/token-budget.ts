import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import type { Principal } from '../src/auth/principal.ts'
import { SCOPES, type Scope } from '../src/auth/scopes.ts'
import { createRegistry } from '../src/mcp/registry.ts'
import type { Tool } from '../src/mcp/tool.ts'

// Every conversation pays for every definition. These are the limits, in tokens of OpenAI's public tokenizer.

const TOOL_LIMIT = 400
/** Tools that may cost more, for a reason: an order has lines, payments, discounts, tips and a client. */
const EXCEPTIONS: Readonly<Record<string, number>> = { create_order: 500 }

/** What an owner of two businesses gets from `tools/list`, by the scopes of the credential. */
const LISTS: readonly { name: string; scopes: readonly Scope[]; limit: number }[] = [
  { name: 'everything', scopes: SCOPES, limit: 10_500 },
  { name: 'reading only', scopes: SCOPES.filter((scope) => scope !== 'pos:write'), limit: 7_500 },
  { name: 'intents only', scopes: ['pos:intents'], limit: 1_500 },
]

export interface Cost {
  name: string
  tokens: number
  limit: number
}

export interface Costs {
  /** Most expensive first. */
  tools: Cost[]
  lists: (Cost & { tools: string[] })[]
}

/** The cost of each tool, in the version for the credentials that see most of it, and of each list. */
export function measure(tools: readonly Tool[]): Costs {
  const registry = createRegistry(tools)
  const costs = registry.all
    .map(({ tool: { name }, listing }) => ({
      name,
      tokens: tokensOf(listing.several),
      limit: EXCEPTIONS[name] ?? TOOL_LIMIT,
    }))
    .sort((a, b) => b.tokens - a.tokens)
  const lists = LISTS.map(({ name, scopes, limit }) => {
    const visible = registry.list(ownerOfTwo(scopes))
    const names = costs.map((cost) => cost.name).filter((tool) => visible.byName.has(tool))
    return { name, tokens: tokensOf(visible.tools), limit, tools: names }
  })
  return { tools: costs, lists }
}

/** A sentence for each exceeded limit: what exceeds it, by how much, and what to do. */
export function problemsOf({ tools, lists }: Costs): string[] {
  const over = ({ name, tokens, limit }: Cost) =>
    `${name}: ${tokens} tokens, ${tokens - limit} above its limit of ${limit}.`
  return [
    ...tools
      .filter(isOver)
      .map((tool) => `${over(tool)} Shorten the descriptions of the tool and its arguments, or take arguments away.`),
    ...lists
      .filter(isOver)
      .map((list) => `${over(list)} Shorten tools of this list; the dearest are ${list.tools.slice(0, 5).join(', ')}.`),
  ]
}

function isOver({ tokens, limit }: Cost): boolean {
  return tokens > limit
}

function tokensOf(value: unknown): number {
  return countTokens(JSON.stringify(value))
}

function ownerOfTwo(grantedScopes: readonly Scope[]): Principal {
  const business = (id: string) => ({
    id,
    name: id,
    timezone: 'UTC',
    currency: 'USD',
    currencyDigits: 2,
    role: 'owner',
  })
  return {
    kind: 'merchant',
    role: 'merchant',
    ref: 'user:1',
    userId: '1',
    credentialId: '1',
    grantedScopes,
    clientData: true,
    businesses: [business('1'), business('2')],
    defaultBusinessId: '1',
    expiresAt: null,
  }
}
