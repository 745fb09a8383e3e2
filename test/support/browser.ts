import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const EXECUTABLE = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const SHOTS = process.env.SCREENSHOTS
const SCREEN = { width: 360, height: 740 }
/** Makes a browser one of a phone. */
export const PHONE = { viewport: SCREEN, hasTouch: true, isMobile: true }

/**
 * A Chromium with an empty profile of its own.
 * @param locale its language, e.g. es-GT
 * @param device what it runs on; by default a desktop computer
 */
export async function openBrowser(
  locale = 'en-US',
  device: Partial<typeof PHONE> = {},
): Promise<{ browser: BrowserContext; close(): Promise<void> }> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(
      `There is no ${EXECUTABLE}. Install it with: apt-get install -y --no-install-recommends chromium; or set CHROMIUM_PATH.`,
    )
  }
  const profile = await mkdtemp(path.join(tmpdir(), 'chromium-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    headless: true,
    locale,
    ...device,
    permissions: ['clipboard-read', 'clipboard-write'],
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  // There is no internet; the frames of Firebase's pop-ups need this script of Google.
  const gapi = await readFile(path.join(import.meta.dirname, 'gapi.js'), 'utf8')
  await browser.route('https://apis.google.com/js/api.js*', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: gapi }),
  )
  return {
    browser,
    async close() {
      await browser.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}

/**
 * A new page, and what it complains of: errors in its console, and exceptions that nothing caught.
 * @returns the list of complaints, which goes on growing
 */
export async function openPage(browser: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    // Refused requests are part of the tests; the console repeats their status.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      complaints.push(message.text())
    }
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, complaints }
}

/** Checks that nothing is wider than a phone; saves screenshots, light and dark, to the folder SCREENSHOTS if set. */
export async function shoot(page: Page, name: string): Promise<void> {
  const viewport = page.viewportSize()
  const isPhone = viewport?.width === SCREEN.width
  if (!isPhone) await keep(page, `${name}-desktop`)
  if (!isPhone) await page.setViewportSize(SCREEN)
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(SCREEN.width)
  await keep(page, `${name}-phone`)
  if (viewport !== null && !isPhone) await page.setViewportSize(viewport)
}

async function keep(page: Page, name: string): Promise<void> {
  if (SHOTS === undefined) return
  await mkdir(SHOTS, { recursive: true })
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: path.join(SHOTS, `${name}-${colorScheme}.png`), fullPage: true })
  }
}
