import type { Principal } from '../auth/principal.ts'
import { ServiceError } from '../errors.ts'
import type { Tool } from './tool.ts'

/** The tools of ChatGPT's research modes, which nothing else should see: others have better ones. */
export const RESEARCH_TOOLS: readonly string[] = ['search', 'fetch']

/** Whether a tool is within the view of a principal. Who asks and which business is active can be told in most views. */
export function isInView(tool: Tool, { view }: Principal): boolean {
  const isResearch = RESEARCH_TOOLS.includes(tool.name)
  if (view?.toolset === 'research' || isResearch) return view?.toolset === 'research' && isResearch
  if (view === undefined || tool.kind === 'context') return true
  if (tool.mode === 'write' && (view.readOnly || view.toolset !== undefined)) return false
  if (view.toolset === 'intents') return tool.scopes.includes('pos:intents')
  if (view.toolset === 'reports') return tool.scopes.includes('reports:read')
  return true
}

/** The refusal of a call that the client's own configuration leaves out. */
export function outsideView({ name }: Tool, { view }: Principal): ServiceError {
  const asked = [
    ...(view?.toolset === undefined ? [] : [`toolset=${view.toolset}`]),
    ...(view?.readOnly ? ['readonly=true'] : []),
  ].join(' and ')
  return new ServiceError('forbidden', `${name} is left out of this connection, which is set up with ${asked}.`, {
    hint: 'Use a tool that is listed, or ask the person to change the address in the client configuration.',
  })
}
