import {
  CallToolRequestSchema,
  GetPromptRequestSchema,
  InitializeRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  PingRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'

interface Request {
  method?: unknown
  params?: unknown
}

// The parameters of these methods have the same shape in every revision.
const SCHEMAS = new Map(
  [
    InitializeRequestSchema,
    PingRequestSchema,
    ListToolsRequestSchema,
    CallToolRequestSchema,
    ListPromptsRequestSchema,
    GetPromptRequestSchema,
    ListResourcesRequestSchema,
    ListResourceTemplatesRequestSchema,
    ReadResourceRequestSchema,
  ].map((schema) => [schema.shape.method.value as string, schema]),
)

/**
 * Corrects a message in place where clients are careless and only one meaning is possible: null is as good as left out,
 * and `initialize` may leave out what nothing depends on.
 */
export function repairParams({ method, params }: Request): void {
  if (!isObject(params)) return
  dropNulls(params)
  if (method !== 'initialize') return
  params.capabilities ??= {}
  dropNulls(params.capabilities)
  if (!isObject(params.clientInfo)) return
  dropNulls(params.clientInfo)
  params.clientInfo.version ??= 'unknown'
}

/**
 * What is wrong with the parameters of a request, naming the member: the SDKs would call it an internal error.
 * @returns undefined if nothing is, and for methods that are not served
 */
export function problemOfParams({ method, params }: Request): string | undefined {
  // What most requests look like; their schema costs more than all other checks.
  if (method === 'tools/list' && isPlainList(params)) return undefined
  if (method === 'tools/call' && isPlainCall(params)) return undefined
  const issue = SCHEMAS.get(String(method))?.safeParse({ method, params }).error?.issues[0]
  if (issue === undefined) return undefined
  const [, ...path] = issue.path
  const member = path.length === 0 ? 'params' : path.map((part) => String(part).slice(0, 64)).join('.')
  const expected = 'expected' in issue ? KINDS[issue.expected] : undefined
  return `${member} ${expected === undefined ? 'is not valid' : `must be ${expected}`}`
}

const KINDS: Record<string, string | undefined> = {
  array: 'an array',
  boolean: 'a boolean',
  int: 'an integer',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a string',
}

function isPlainList(params: unknown): boolean {
  return params === undefined || (isObject(params) && Object.keys(params).length === 0)
}

function isPlainCall(params: unknown): boolean {
  if (!isObject(params) || typeof params.name !== 'string' || '_meta' in params || 'task' in params) return false
  return params.arguments === undefined || isObject(params.arguments)
}

function dropNulls(object: unknown): void {
  if (!isObject(object)) return
  for (const [name, value] of Object.entries(object)) if (value === null) delete object[name]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
