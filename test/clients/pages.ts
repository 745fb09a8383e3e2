import { buildPage, isPageFresh } from '../../scripts/build-page.ts'

/** Builds the pages on which merchants sign in. */
export default async function buildPages(): Promise<void> {
  if (!(await isPageFresh())) await buildPage()
}
