/** Why a process cannot start, as a sentence for the person who starts it. */
export function describeStartFailure(error: unknown): string {
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `port ${port} is taken: set PORT to a free one`
  if (code === 'EACCES' && port !== undefined) return `port ${port} is not allowed here: set PORT to one above 1023`
  return message
}
