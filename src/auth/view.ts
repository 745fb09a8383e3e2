export const TOOLSETS = ['intents', 'reports', 'read', 'research'] as const

/** What a client's configuration leaves of the tools. */
export interface View {
  toolset?: (typeof TOOLSETS)[number] | undefined
  readOnly: boolean
}
