/** Where "now" comes from; tests put a fixed one in its place. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()
