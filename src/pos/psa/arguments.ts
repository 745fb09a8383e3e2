import { Type } from '@sinclair/typebox'
import type { Principal } from '../../auth/principal.ts'
import { ServiceError } from '../../errors.ts'

/** A board that filters a list, as `boardOf` finds it. */
export const BoardId = Type.Optional(Type.String({ minLength: 1, maxLength: 500 }))

/** A filter that is off by default. */
export const Flag = Type.Boolean({ default: false })

/**
 * The user whose rows `mine` selects.
 * @returns undefined if `mine` is false
 * @throws ServiceError `invalid_argument` for an API key, because its creator is not the caller
 */
export function callerWhere(mine: boolean, principal: Principal): string | undefined {
  if (!mine) return undefined
  if (principal.kind === 'merchant' && principal.userId !== null) return principal.userId
  throw new ServiceError('invalid_argument', 'mine needs a person, and an API key has no user.', {
    hint: 'Leave mine out, or connect with a personal token.',
  })
}
