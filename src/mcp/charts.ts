import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

// MCP Apps, revision 2026-01-26: the page is a resource, and the host draws a tool's answer with it.

/** The extension's name among the capabilities of both sides. */
export const UI_EXTENSION = 'io.modelcontextprotocol/ui'
export const CHARTS_TYPE = 'text/html;profile=mcp-app'

/** The tools whose answers the page can draw. */
export const DRAWN_TOOLS: readonly string[] = [
  'get_inventory_health',
  'get_sales_report',
  'summarize_day',
  'summarize_period',
]

/** What the host lets the page do: load nothing, ask nobody, embed nothing. No domain: each host has its own rules. */
export const CHARTS_META = {
  ui: {
    csp: { connectDomains: [], resourceDomains: [], frameDomains: [], baseUriDomains: [] },
    prefersBorder: true,
  },
}

/** The page that draws answers. */
export interface Charts {
  html: string
  /** With a digest of the page, because hosts keep what they once read. */
  uri: string
}

/** The built page; undefined if there is none. */
export async function readCharts(file: string): Promise<Charts | undefined> {
  if (!existsSync(file)) return undefined
  const html = await readFile(file, 'utf8')
  const digest = createHash('sha256').update(html).digest('hex').slice(0, 8)
  return { html, uri: `ui://flowpos/charts-${digest}` }
}

/** Whether a resource is the page, in this version or in that of another instance that is just being replaced. */
export function isChartsUri(uri: string): boolean {
  return /^ui:\/\/flowpos\/charts-[0-9a-f]{8}$/.test(uri)
}

/**
 * Whether a client shows the page.
 * @param capabilities as the client declares them
 * @returns undefined if it declares nothing at all
 */
export function showsCharts(capabilities: unknown): boolean | undefined {
  if (typeof capabilities !== 'object' || capabilities === null) return undefined
  const { extensions } = capabilities as { extensions?: Record<string, { mimeTypes?: unknown } | null> | null }
  const types = extensions?.[UI_EXTENSION]?.mimeTypes
  return Array.isArray(types) && types.includes(CHARTS_TYPE)
}
