/** The views of the page, by their paths. */
export const PATHS = {
  connect: '/settings/mcp',
  assistants: '/settings/mcp/assistants',
  activity: '/settings/mcp/activity',
  token: '/settings/mcp/token',
  keys: '/settings/mcp/v1',
} as const
export type View = keyof typeof PATHS

/** The view of a path; the first for one that is not known. */
export function viewOf(path: string): View {
  const plain = path.replace(/\/$/, '')
  return (Object.keys(PATHS) as View[]).find((view) => PATHS[view] === plain) ?? 'connect'
}
