import { createHash } from 'node:crypto'
import { type TObject, Type } from '@sinclair/typebox'
import { type Principal, scopesAnywhere } from '../auth/principal.ts'
import { EntityRef } from '../results/schema.ts'
import { type ArgumentCheck, compileArgumentCheck } from './argument-check.ts'
import { outlineSchema, portableSchema, publicSchema } from './published-schema.ts'
import type { Tool, ToolAnnotations } from './tool.ts'
import { WRITE_INPUT, WRITE_OUTPUT } from './write.ts'

/** A tool as `tools/list` gives it. */
interface ToolListing {
  name: string
  title: string
  description: string
  inputSchema: Record<string, unknown>
  outputSchema: Record<string, unknown>
  annotations: ToolAnnotations
}

/** A tool made ready once at start: argument check compiled, listings built for one business and for several. */
export interface RegisteredTool {
  tool: Tool
  checkArguments: ArgumentCheck<TObject>
  listing: { one: ToolListing; several: ToolListing }
}

/** What `tools/list` shows to everybody who sees the same tools: built and serialised once. */
export interface VisibleTools {
  /** Sorted by name. */
  tools: readonly ToolListing[]
  /** The same tools, to be called. */
  byName: ReadonlyMap<string, RegisteredTool>
  /** The result of `tools/list`, serialised and encoded. */
  json: Buffer
  /** Changes whenever a client should ask again. */
  digest: string
}

export type Registry = ReturnType<typeof createRegistry>

// What it means stands once, in the instructions and in get_context: words here would be paid for with every tool.
const BUSINESS_ID = Type.Optional(Type.String())

/**
 * All tools and the one predicate that decides who sees which. The same predicate guards `tools/list` and
 * `tools/call`, so a hidden tool answers like an unknown one.
 */
export function createRegistry(tools: readonly Tool[]) {
  const registered = new Map<string, RegisteredTool>()
  for (const tool of [...tools].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (registered.has(tool.name)) throw new Error(`two tools are named ${tool.name}`)
    registered.set(tool.name, register(tool))
  }
  // Lists depend on scopes, kind and number of businesses alone: few distinct ones, each built once.
  const lists = new Map<string, VisibleTools>()
  const byPrincipal = new WeakMap<Principal, VisibleTools>()

  function listFor(principal: Principal): VisibleTools {
    const visible = [...registered.values()].filter(({ tool }) => isVisible(tool, principal))
    const form = hasSeveral(principal) ? 'several' : 'one'
    const key = `${form}:${visible.map(({ tool }) => tool.name).join()}`
    const known = lists.get(key)
    if (known !== undefined) return known
    const tools = visible.map(({ listing }) => listing[form])
    const json = JSON.stringify({ tools })
    const list = {
      tools,
      byName: new Map(visible.map((entry) => [entry.tool.name, entry])),
      json: Buffer.from(json),
      digest: createHash('sha256').update(json).digest('base64url').slice(0, 16),
    }
    lists.set(key, list)
    return list
  }

  function list(principal: Principal): VisibleTools {
    let visible = byPrincipal.get(principal)
    if (visible === undefined) {
      visible = listFor(principal)
      byPrincipal.set(principal, visible)
    }
    return visible
  }

  return {
    /** Every tool, sorted by name. */
    all: [...registered.values()],

    /** What `tools/list` shows to a principal: one page, the same object for the same visibility. */
    list,

    /** The tool of that name, if the principal may see it. */
    find: (principal: Principal, name: string): RegisteredTool | undefined => list(principal).byName.get(name),
  }
}

/** Whether a principal is shown a tool and may call it. Fails closed. */
function isVisible(tool: Tool, principal: Principal): boolean {
  try {
    const scopes = scopesAnywhere(principal)
    if (!tool.scopes.every((scope) => scopes.includes(scope))) return false
    return tool.kind === 'business' || tool.visibleTo(principal)
  } catch {
    return false
  }
}

/** Whether there is a choice of business to make by argument. */
export function hasSeveral(principal: Principal): boolean {
  return principal.businesses.length >= 2
}

function register(tool: Tool): RegisteredTool {
  if (tool.kind === 'context') {
    const listing = toListing(tool, tool.input, tool.output)
    return { tool, checkArguments: compileArgumentCheck(tool.input), listing: { one: listing, several: listing } }
  }
  const writes = tool.mode === 'write'
  const input = Type.Object({ ...tool.input.properties, ...(writes ? WRITE_INPUT : {}) })
  const withBusiness = Type.Object({ ...input.properties, businessId: BUSINESS_ID })
  const output = Type.Object({ business: EntityRef, ...(writes ? WRITE_OUTPUT : {}), ...tool.output.properties })
  return {
    tool,
    checkArguments: compileArgumentCheck(withBusiness),
    listing: { one: toListing(tool, input, output), several: toListing(tool, withBusiness, output) },
  }
}

function toListing(tool: Tool, input: TObject, output: TObject): ToolListing {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: portableSchema(publicSchema(input)),
    outputSchema: outlineSchema(publicSchema(output)),
    annotations: tool.annotations,
  }
}
