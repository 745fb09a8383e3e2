/** The source of "now"; tests replace it with a fixed one. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()
