import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { TOOLS_FOLDER } from '../src/folders.ts'
import { importFolder } from '../src/import-folder.ts'
import { listPrompts } from '../src/mcp/prompts.ts'
import { RESOURCES } from '../src/mcp/resources.ts'
import type { Tool } from '../src/mcp/tool.ts'
import { clientsPage, connectClient } from './client-page.ts'
import { envExample, settingsPage } from './environment.ts'
import { promptsTable } from './listing-prompts.ts'
import { schemaSql } from './schema.ts'
import { type ListedTool, toolIndex, toolPage, toolTable } from './tool-pages.ts'

// Generates the documents that the code defines: `.env.example`, the marked parts of the README, the pages of clients,
// settings and tools, the prompts of `docs/listing.md`, and `docs/schema.sql`. With --check it writes nothing, and fails if a document is out of date.

const ROOT = path.join(import.meta.dirname, '..')

const tools = (await importFolder(TOOLS_FOLDER))
  .map(([file, module]): ListedTool => ({ ...(module.default as Tool), domain: path.dirname(file) }))
  .sort((a, b) => (a.name < b.name ? -1 : 1))

function promptTable(): string {
  const prompts = listPrompts(() => true).map(({ name, description }) => `| Prompt \`${name}\` | ${description} |`)
  const resources = RESOURCES.map(({ uri, description }) => `| Resource \`${uri}\` | ${description} |`)
  return ['| Prompt or resource | What it gives |', '|---|---|', ...prompts, ...resources].join('\n')
}

/** Replaces the text between `<!-- generated: NAME -->` and `<!-- end -->`. */
function fill(text: string, name: string, content: string): string {
  const part = new RegExp(`(<!-- generated: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`)
  if (!part.test(text)) throw new Error(`there is no part "generated: ${name}"`)
  return text.replace(part, (_match, open: string, close: string) => `${open}${content}\n${close}`)
}

const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8')
const parts = { connect: connectClient('claude-code'), tools: toolTable(tools), prompts: promptTable() }
const documents: Record<string, string> = {
  '.env.example': envExample(),
  'README.md': Object.entries(parts).reduce((text, [name, content]) => fill(text, name, content), readme),
  'docs/clients.md': clientsPage(),
  'docs/listing.md': fill(await readFile(path.join(ROOT, 'docs/listing.md'), 'utf8'), 'prompts', promptsTable()),
  'docs/settings.md': settingsPage(),
  'docs/tools/README.md': toolIndex(tools),
  'docs/schema.sql': await schemaSql(),
  ...Object.fromEntries(tools.map((tool) => [`docs/tools/${tool.name}.md`, toolPage(tool)])),
}
let stale = false
await mkdir(path.join(ROOT, 'docs/tools'), { recursive: true })
for (const name of await readdir(path.join(ROOT, 'docs/tools'))) {
  if (`docs/tools/${name}` in documents) continue
  console.error(`docs/tools/${name} belongs to no tool: remove it`)
  stale = true
}
for (const [name, wanted] of Object.entries(documents)) {
  const file = path.join(ROOT, name)
  const present = await readFile(file, 'utf8').catch(() => '')
  if (present === wanted) continue
  if (process.argv.includes('--check')) {
    console.error(`${name} is out of date: run npm run docs`)
    stale = true
  } else {
    await writeFile(file, wanted)
    console.log(`${name} written`)
  }
}
process.exit(stale ? 1 : 0)
