import { Type } from '@sinclair/typebox'

/** An id as results give it. Whether it exists is for the query to say: a foreign one and an unknown one are alike. */
export function Id(description: string) {
  return Type.String({ minLength: 1, maxLength: 64, description })
}

export const LocationId = Type.Optional(Id('Only this location, by its own clock; default: all locations'))

export const Search = Type.Optional(
  Type.String({ minLength: 1, maxLength: 100, description: 'Part of a name or code; accents and case do not matter' }),
)

/** Whether a text can be the id of a row at all, so that a query need not fail on it. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}
