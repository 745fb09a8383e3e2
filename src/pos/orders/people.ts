import { clean } from '../../results/text.ts'

// Sums of a list by the people who did something with its orders or refunds.

/** So many people are told at most. */
export const MAX_PEOPLE = 12

/** Somebody by name, who may not be known. */
export function personName(name: string | null): string {
  return name === null ? 'unknown' : clean(name, 40)
}

/**
 * People one after the other, and how many more there are.
 * @param each what is told of those that are listed
 * @param people how many there are in all
 */
export function peopleList(each: readonly string[], people: number): string {
  const more = people - each.length
  return `${each.join('; ')}${more > 0 ? `; ${more} more ${more === 1 ? 'person' : 'people'}` : ''}`
}
