import { Type } from '@sinclair/typebox'

/** An id as results give it. Whether it exists is for the query to say: a foreign one and an unknown one are alike. */
export function Id(description: string) {
  return Type.String({ minLength: 1, maxLength: 64, description })
}

export const LocationId = Type.Optional(Id('Only this location, by its own clock; default: all locations'))

export const Search = Type.Optional(
  Type.String({ minLength: 1, maxLength: 100, description: 'Part of a name or code; accents and case do not matter' }),
)
