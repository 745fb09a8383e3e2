import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { loadTools } from '../plugins/registry.ts'
import { snippets } from '../src/snippets.ts'
import { envExample, settingsTable } from './settings.ts'

// Writes what the code knows into the documents: `.env.example`, and the marked parts of the README.
// With --check it writes nothing and fails where a document is out of date.

const ROOT = path.join(import.meta.dirname, '..')

async function toolTable(): Promise<string> {
  const tools = (await loadTools()).sort((a, b) => (a.name < b.name ? -1 : 1))
  const rows = tools.map(({ name, scopes, description }) => {
    const [firstSentence] = description.split(/(?<=\.) /)
    return `| \`${name}\` | ${scopes.length === 0 ? 'any' : scopes.join(', ')} | ${firstSentence} |`
  })
  return ['| Tool | Scope | What it tells |', '|---|---|---|', ...rows].join('\n')
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
const documents: Record<string, string> = {
  '.env.example': envExample(),
  'README.md': fill(
    fill(fill(readme, 'tools', await toolTable()), 'settings', settingsTable()),
    'snippets',
    snippetList(),
  ),
}
let stale = false
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
