import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const RUN = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))`

/** Checks that axe finds nothing in the page as it is now, light and dark. */
export async function expectAccessible(page: Page): Promise<void> {
  // Not as a script of the page: its Content-Security-Policy allows none but its own.
  await page.evaluate(axe.source)
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await page.evaluate(RUN)).toEqual([])
  }
}
