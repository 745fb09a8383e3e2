import { ServiceError } from '../../../src/errors.ts'
import type { ResourceContents } from '../../../src/mcp/resources.ts'
import { describeFailure } from '../../../src/mcp/run-tool.ts'
import type { FileLink } from '../../../src/mcp/tool.ts'

/** The result of `tools/call`, in the terms of the protocol. */
export interface CallToolResult {
  /** The text, then the links to files, which the text names, too. */
  content: ({ type: 'text'; text: string } | ({ type: 'resource_link' } & FileLink))[]
  structuredContent?: Record<string, unknown>
  isError?: true
}

/** The result of `prompts/get`, the same in every protocol revision. */
export function promptResult({ description, text }: { description: string; text: string }) {
  return { description, messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }] }
}

/** The result of `resources/read`. */
export function resourceResult(contents: ResourceContents) {
  return { contents: [{ ...contents }] }
}

/** A failure of prompts and resources, which have no tool result to carry it: code and a sentence for the caller. */
export function refusalOf(error: unknown): { code: string; message: string } {
  if (error instanceof ServiceError) return { code: error.code, message: describeFailure(error) }
  return { code: 'internal_error', message: 'internal_error: Internal error.' }
}
