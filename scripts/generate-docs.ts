import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { loadTools } from '../plugins/mcp/registry.ts'
import { listPrompts } from '../src/mcp/prompts.ts'
import { RESOURCES } from '../src/mcp/resources.ts'
import { snippets } from '../src/snippets.ts'
import { envExample, settingsTable } from './environment.ts'
import { schemaSql } from './schema.ts'
import { toolPage } from './tool-pages.ts'

// Writes what the code knows into the documents: `.env.example`, the marked parts of the README, a page for each tool,
// `docs/schema.sql`. With --check it writes nothing and fails where a document is out of date.

const ROOT = path.join(import.meta.dirname, '..')

const tools = (await loadTools()).sort((a, b) => (a.name < b.name ? -1 : 1))

function toolTable(): string {
  const rows = tools.map(({ name, scopes, description }) => {
    const [firstSentence] = description.split(/(?<=\.) /)
    return `| [\`${name}\`](docs/tools/${name}.md) | ${scopes.length === 0 ? 'any' : scopes.join(', ')} | ${firstSentence} |`
  })
  return ['| Tool | Scope | What it tells |', '|---|---|---|', ...rows].join('\n')
}

function promptTable(): string {
  const prompts = listPrompts(() => true).map(({ name, description }) => `| Prompt \`${name}\` | ${description} |`)
  const resources = RESOURCES.map(({ uri, description }) => `| Resource \`${uri}\` | ${description} |`)
  return ['| Prompt or resource | What it gives |', '|---|---|', ...prompts, ...resources].join('\n')
}

function snippetList(): string {
  return snippets({ mcpUrl: 'https://api.flowpos.app/mcp', token: '<token>' })
    .map(({ client, where, language, code, note, checked }) =>
      [
        `<details><summary>${client}</summary>`,
        `${where}:`,
        `\`\`\`${language}\n${code}\n\`\`\``,
        `${note} (Checked ${checked}.)`,
        '</details>',
      ].join('\n\n'),
    )
    .join('\n\n')
}

/** Replaces what stands between `<!-- generated: NAME -->` and `<!-- end -->`. */
function fill(text: string, name: string, content: string): string {
  const part = new RegExp(`(<!-- generated: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`)
  if (!part.test(text)) throw new Error(`README.md has no part "generated: ${name}"`)
  return text.replace(part, (_match, open: string, close: string) => `${open}${content}\n${close}`)
}

const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8')
const parts = { tools: toolTable(), prompts: promptTable(), settings: settingsTable(), snippets: snippetList() }
const documents: Record<string, string> = {
  '.env.example': envExample(),
  'README.md': Object.entries(parts).reduce((text, [name, content]) => fill(text, name, content), readme),
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
