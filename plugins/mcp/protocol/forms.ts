/** Whether a client that declares this shows forms; without modes it means forms, the only ones that there once were. */
export function showsForms(elicitation: unknown): boolean {
  if (typeof elicitation !== 'object' || elicitation === null) return false
  return 'form' in elicitation || !('url' in elicitation)
}
