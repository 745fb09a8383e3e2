/**
 * An element of the page.
 * @throws Error when the page has no such element
 */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}`)
  return found
}

/** A new element. Text children stay text, so that no name can become markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

/** Shows one of the elements and hides the others. */
export function showOnly(shown: HTMLElement, all: readonly HTMLElement[]): void {
  for (const each of all) each.hidden = each !== shown
}

/** Moves the focus to where a view begins, for people who do not see that it has changed. */
export function focusHeading(view: HTMLElement): void {
  const heading = [...view.querySelectorAll<HTMLElement>('h1, h2')].find((each) => each.checkVisibility())
  if (heading === undefined) return
  heading.tabIndex = -1
  heading.focus()
}

/** A point in time in this browser's notation. */
export function localTime(instant: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant))
}

/** Time zone of this browser, for times that people act upon. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/**
 * Runs what a form or button asks for. Meanwhile the controls are disabled; a failure is shown in words.
 * @param place contains the controls and an element of class `problem`
 */
export async function attempt(place: HTMLElement, work: () => Promise<void>): Promise<void> {
  const problem = place.querySelector<HTMLElement>('.problem')
  const controls = [...place.querySelectorAll<HTMLButtonElement>('button')].filter((button) => !button.disabled)
  if (problem !== null) problem.hidden = true
  for (const control of controls) control.disabled = true
  try {
    await work()
  } catch (error) {
    if (problem === null) throw error
    problem.textContent = error instanceof Error ? error.message : String(error)
    problem.hidden = false
  } finally {
    for (const control of controls) control.disabled = false
  }
}

/** Asks for confirmation of something that cannot be undone. */
export function confirmed(question: string, action: string): Promise<boolean> {
  const dialog = byId('confirm', HTMLDialogElement)
  byId('confirm-question', HTMLElement).textContent = question
  byId('confirm-yes', HTMLButtonElement).textContent = action
  dialog.returnValue = 'no'
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
  })
}
