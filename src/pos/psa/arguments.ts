import { Type } from '@sinclair/typebox'
import type { Principal } from '../../auth/principal.ts'
import { ServiceError } from '../../errors.ts'

/** Id of the one board that a list is about; `requireBoard` says whether it exists. */
export const BoardId = Type.Optional(Type.String({ minLength: 1, maxLength: 64 }))

/** A filter that is off unless asked for. */
export const Flag = Type.Boolean({ default: false })

/**
 * The user whose rows `mine` asks for.
 * @returns undefined where it does not ask
 * @throws ServiceError `invalid_argument` for a key: the person who made it is not who calls
 */
export function callerWhere(mine: boolean, principal: Principal): string | undefined {
  if (!mine) return undefined
  if (principal.kind === 'merchant' && principal.userId !== null) return principal.userId
  throw new ServiceError('invalid_argument', 'mine needs a person, and an API key has no user.', {
    hint: 'Leave mine out, or connect with a personal token.',
  })
}
