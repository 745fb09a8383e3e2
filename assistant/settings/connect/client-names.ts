import { inLanguage } from '../../language.ts'

const words = inLanguage({
  en: { browser: 'web browser', other: 'another program', program: (name: string) => `a program (${name})` },
  es: { browser: 'navegador', other: 'otro programa', program: (name: string) => `un programa (${name})` },
})

/** How assistants call themselves in the protocol or as user agents, and how merchants know them. */
const KNOWN: readonly (readonly [begins: RegExp, name: string])[] = [
  [/^claude[- ]code/i, 'Claude Code'],
  [/^claude/i, 'Claude'],
  [/^(openai|chatgpt)/i, 'ChatGPT'],
  [/^cursor/i, 'Cursor'],
  [/^(visual studio code|vscode)/i, 'VS Code'],
  [/^gemini-cli/i, 'Gemini CLI'],
  [/^antigravity/i, 'Antigravity'],
  [/^codex/i, 'Codex'],
  [/^opencode/i, 'opencode'],
  [/^windsurf/i, 'Windsurf'],
  [/^zed\b/i, 'Zed'],
]

/** Libraries that programs speak HTTP with. */
const LIBRARIES = /^(node|undici|curl|wget|python|aiohttp|httpx|go-http|okhttp|axios|got|java|ruby|postman)/i

/**
 * An assistant or program by the name that merchants know.
 * @param client as the service recorded it: the name in the protocol, else the kind of user agent
 */
export function clientName(client: string): string {
  if (client === 'browser') return words.browser
  if (client === 'other') return words.other
  const known = KNOWN.find(([begins]) => begins.test(client))
  if (known !== undefined) return known[1]
  return LIBRARIES.test(client) ? words.program(client) : client
}
