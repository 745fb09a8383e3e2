import path from 'node:path'

/** Where the built AI Assistant page lies, seen from the sources and from a build. */
export const PAGE_FOLDER = path.join(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? '../dist/settings' : '../settings',
)
