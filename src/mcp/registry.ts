import { createHash } from 'node:crypto'
import { type TObject, Type } from '@sinclair/typebox'
import { type Principal, scopesAnywhere } from '../auth/principal.ts'
import { ServiceError } from '../errors.ts'
import { EntityRef } from '../results/schema.ts'
import { type ArgumentCheck, compileArgumentCheck } from './argument-check.ts'
import { DRAWN_TOOLS } from './charts.ts'
import { renamedTool } from './former-names.ts'
import { fullInputSchema, outlineSchema, portableSchema, publicSchema } from './published-schema.ts'
import { refusalOf } from './refusal.ts'
import type { Tool, ToolAnnotations } from './tool.ts'
import { isInView } from './view.ts'
import { WRITE_INPUT, WRITE_OUTPUT } from './write.ts'

/** A tool as `tools/list` shows it. */
export interface ToolListing {
  name: string
  title: string
  description: string
  inputSchema: Record<string, unknown>
  outputSchema: Record<string, unknown>
  /** The title is repeated here, where MCP first had it: some clients still read it from the annotations. */
  annotations: { title: string } & ToolAnnotations
  /** The page that draws its answers, in the terms of MCP Apps. */
  _meta?: { ui: { resourceUri: string }; 'ui/resourceUri': string }
}

/** A tool's listings for principals with one business and with several. */
interface Listings {
  one: ToolListing
  several: ToolListing
}

/** A tool prepared once at start: its argument check and its listings. */
export interface RegisteredTool {
  tool: Tool
  checkArguments: ArgumentCheck<TObject>
  listing: Listings
  /** The same with full schemas, built on first use. */
  fullListing(): Listings
}

/** A result of `tools/list`, built and serialised once. */
export interface ToolList {
  /** Sorted by name. */
  tools: readonly ToolListing[]
  /** The whole result, serialised and encoded. */
  json: Buffer
}

/** The result of `tools/list` for everybody who sees the same tools. */
export interface VisibleTools extends ToolList {
  /** The same with full schemas, built on first use. */
  full(): ToolList
  /** Either of them with the page that draws the answers, for clients that show it; the same where there is none. */
  withCharts(list: ToolList): ToolList
  /** The same tools, for calls. */
  byName: ReadonlyMap<string, RegisteredTool>
  /** Changes whenever a client should list the tools again. */
  digest: string
}

export type Registry = ReturnType<typeof createRegistry>

// Not described here: every tool's description would cost tokens. The instructions and get_context explain it once.
const BUSINESS_ID = Type.Optional(Type.String())

/**
 * All tools, and the one predicate that decides who sees which. It guards both `tools/list` and `tools/call`.
 * @param chartsUri of the page that draws answers, if there is one
 */
export function createRegistry(tools: readonly Tool[], chartsUri?: string) {
  const registered = new Map<string, RegisteredTool>()
  for (const tool of [...tools].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (registered.has(tool.name)) throw new Error(`two tools are named ${tool.name}`)
    registered.set(tool.name, register(tool))
  }
  // Lists depend only on scopes, kind and number of businesses: there are few distinct ones, each built once.
  const lists = new Map<string, VisibleTools>()
  const byPrincipal = new WeakMap<Principal, VisibleTools>()

  function listFor(principal: Principal): VisibleTools {
    const visible = [...registered.values()].filter(({ tool }) => isVisible(tool, principal))
    const form = hasSeveral(principal) ? 'several' : 'one'
    const key = `${form}:${visible.map(({ tool }) => tool.name).join()}`
    const known = lists.get(key)
    if (known !== undefined) return known
    const outlined = toList(visible.map(({ listing }) => listing[form]))
    const list = {
      ...outlined,
      full: once(() => toList(visible.map(({ fullListing }) => fullListing()[form]))),
      withCharts: chartedBy(chartsUri),
      byName: new Map(visible.map((entry) => [entry.tool.name, entry])),
      digest: createHash('sha256').update(outlined.json).digest('base64url').slice(0, 16),
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

    /** The result of `tools/list` for a principal: one page, and the same object for the same visibility. */
    list,

    /** The tool of that name, if the principal may see it. */
    find: (principal: Principal, name: string): RegisteredTool | undefined => list(principal).byName.get(name),

    /**
     * Why the principal may not use a tool of the published catalogue, or what a tool is called that has another name;
     * undefined for a tool to be kept secret, as for one that is unknown.
     */
    refusal(principal: Principal, name: string): ServiceError | undefined {
      const { byName } = list(principal)
      const hidden = byName.has(name) ? undefined : registered.get(name)
      const refusal = hidden && refusalOf(hidden.tool, principal)
      return refusal ?? (hidden ? undefined : renamed(name, [...byName.keys()]))
    },
  }
}

/** The refusal of a call of a tool that has another name. */
function renamed(name: string, tools: readonly string[]): ServiceError | undefined {
  const tool = renamedTool(name, tools)
  if (tool === undefined) return undefined
  return new ServiceError('not_found', `There is no tool of that name: it is ${tool}.`, {
    hint: `Call ${tool}, and list the tools again for its arguments.`,
  })
}

/** Whether a principal is shown a tool and may call it. Fails closed. */
function isVisible(tool: Tool, principal: Principal): boolean {
  try {
    const scopes = scopesAnywhere(principal)
    if (!tool.scopes.every((scope) => scopes.includes(scope))) return false
    if (tool.aboutClients === true && !principal.clientData) return false
    if (!isInView(tool, principal)) return false
    return tool.kind === 'business' || tool.visibleTo(principal)
  } catch {
    return false
  }
}

/** Whether the principal has several businesses to choose from by argument. */
export function hasSeveral(principal: Principal): boolean {
  return principal.businesses.length >= 2
}

function register(tool: Tool): RegisteredTool {
  const { one, several } = schemasOf(tool)
  const listings = (publish: typeof publishOutline): Listings => ({
    one: toListing(tool, publish(one)),
    several: toListing(tool, publish(several)),
  })
  return {
    tool,
    checkArguments: compileArgumentCheck(several.input, tool.otherDays),
    listing: listings(publishOutline),
    fullListing: once(() => listings(publishFull)),
  }
}

interface Schemas {
  input: TObject
  output: TObject
}

/** A tool's input and output with what the framework adds, for principals with one business and with several. */
export function schemasOf(tool: Tool): { one: Schemas; several: Schemas } {
  if (tool.kind === 'context') return { one: tool, several: tool }
  const writes = tool.mode === 'write'
  const input = Type.Object({ ...tool.input.properties, ...(writes ? WRITE_INPUT : {}) })
  const withBusiness = Type.Object({ ...input.properties, businessId: BUSINESS_ID })
  const output = Type.Object({ business: EntityRef, ...(writes ? WRITE_OUTPUT : {}), ...tool.output.properties })
  return { one: { input, output }, several: { input: withBusiness, output } }
}

type PublishedSchemas = Pick<ToolListing, 'inputSchema' | 'outputSchema'>

function publishOutline({ input, output }: Schemas): PublishedSchemas {
  return { inputSchema: portableSchema(publicSchema(input)), outputSchema: outlineSchema(publicSchema(output)) }
}

function publishFull({ input, output }: Schemas): PublishedSchemas {
  return { inputSchema: fullInputSchema(publicSchema(input)), outputSchema: publicSchema(output) }
}

function toListing({ name, title, description, annotations }: Tool, schemas: PublishedSchemas): ToolListing {
  return { name, title, description, ...schemas, annotations: { title, ...annotations } }
}

function toList(tools: readonly ToolListing[]): ToolList {
  return { tools, json: Buffer.from(JSON.stringify({ tools })) }
}

/** Adds the page that draws answers to lists; each list is made once. */
function chartedBy(resourceUri: string | undefined): (list: ToolList) => ToolList {
  if (resourceUri === undefined) return (list) => list
  const charted = new WeakMap<ToolList, ToolList>()
  // Hosts from before the extension's first release read the second name.
  const _meta = { ui: { resourceUri }, 'ui/resourceUri': resourceUri }
  return (list) => {
    const known =
      charted.get(list) ??
      toList(list.tools.map((tool) => (DRAWN_TOOLS.includes(tool.name) ? { ...tool, _meta } : tool)))
    charted.set(list, known)
    return known
  }
}

/** Makes a value on first use, and keeps it. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
