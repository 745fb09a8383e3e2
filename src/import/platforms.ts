/** The form of a platform's own export. */
export interface Platform {
  name: string
  /** Headers that together no other export has. */
  signature: readonly string[]
  /** Headers by our columns. */
  columns: Readonly<Record<string, string>>
}

export const PLATFORMS: readonly Platform[] = []

/** The platform whose export has this header, if any. */
export function platformOf(header: readonly string[]): Platform[] {
  const names = new Set(header.map((name) => name.toLowerCase()))
  return PLATFORMS.filter(({ signature }) => signature.every((name) => names.has(name.toLowerCase())))
}
