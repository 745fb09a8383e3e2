/** How long a key still works after its maker has left, so that an owner can replace it before the shop stands still. */
const LEFT_FOR_MS = 24 * 3_600_000

/** Who made a key, in its business. */
export interface Maker {
  isUser: boolean
  isMember: boolean
  endedAt: Date | null
}

/**
 * When a key ends because its maker has left the business; null if they have not.
 * @param createdBy null for a key that nobody in particular has made
 * @param maker undefined if there is no such member any more
 */
export function makerLeaves(createdBy: string | null, maker: Maker | undefined): Date | null {
  if (createdBy === null || (maker?.isUser && maker.isMember)) return null
  if (!maker?.isUser || maker.endedAt === null) return new Date(0)
  return new Date(maker.endedAt.getTime() + LEFT_FOR_MS)
}

/** The earlier of two instants, of which null never comes. */
export function earlierOf(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one < other ? one : other
}
