import type { FastifyRequest } from 'fastify'
import type { Principal } from '../../../src/auth/principal.ts'
import { TOOLSETS, type View } from '../../../src/auth/view.ts'
import { ServiceError } from '../../../src/errors.ts'

const TOOLSET_HEADER = 'x-flowpos-toolset'
const READONLY_HEADER = 'x-flowpos-readonly'

/**
 * What the client's configuration leaves of the tools, in headers or in the URL; undefined for all of them.
 * @throws ServiceError `invalid_request` for values that are not known, or that contradict each other
 */
export function viewOf({ headers, query }: FastifyRequest): View | undefined {
  const asked = query as { toolset?: unknown; readonly?: unknown }
  const toolset = choiceOf(TOOLSET_HEADER, 'toolset', [headers[TOOLSET_HEADER], asked.toolset], TOOLSETS)
  const readOnly = choiceOf(READONLY_HEADER, 'readonly', [headers[READONLY_HEADER], asked.readonly], ['true', 'false'])
  if (toolset === undefined && readOnly !== 'true') return undefined
  return { toolset, readOnly: readOnly === 'true' }
}

function choiceOf<Choice extends string>(
  header: string,
  parameter: string,
  values: unknown[],
  choices: readonly Choice[],
): Choice | undefined {
  if (values.every((value) => value === undefined)) return undefined
  const given = new Set(values.flat().filter((value) => value !== undefined && value !== ''))
  if (given.size > 1) {
    throw new ServiceError('invalid_request', `${header} and ?${parameter}= differ. Keep one.`)
  }
  const [value] = given
  if (value === undefined) return undefined
  const choice = choices.find((each) => each === value)
  if (choice !== undefined) return choice
  throw new ServiceError('invalid_request', `${header} or ?${parameter}= must be one of: ${choices.join(', ')}.`)
}

// By principal and view. Whatever is known about a principal, such as its visible tools, is kept by the object.
const viewed = new WeakMap<Principal, Map<string, Principal>>()

/** The principal as far as a view lets it go. */
export function withView(principal: Principal, view: View | undefined): Principal {
  if (view === undefined) return principal
  const known = viewed.get(principal) ?? new Map<string, Principal>()
  viewed.set(principal, known)
  const key = `${view.toolset} ${view.readOnly}`
  const narrowed = known.get(key) ?? { ...principal, view }
  known.set(key, narrowed)
  return narrowed
}
