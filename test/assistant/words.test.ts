import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { AUDITED } from '../../src/audit/audit-row.ts'
import { ERROR_STATUS } from '../../src/errors.ts'
import { listPrompts } from '../../src/mcp/prompts.ts'
import { RESOURCES } from '../../src/mcp/resources.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

const SETTINGS = new URL('../../assistant/settings/', import.meta.url)

interface Words {
  TEXT: { activity: Record<'did' | 'reasons', Record<string, string>> }
  TOOL_WORDS: Record<string, { asks: string; did?: string }>
  PROMPT_WORDS: Record<string, string>
  RESOURCE_WORDS: Record<string, string>
  clientName(client: string): string
}

/** The page's words, as a browser of a language loads them. */
async function wordsIn(language: string): Promise<Words> {
  vi.stubGlobal('navigator', { languages: [language] })
  vi.resetModules()
  // Not by a path that the compiler follows: the files are of a browser, which tests are not.
  const load = (file: string) => import(/* @vite-ignore */ new URL(file, SETTINGS).href)
  const [texts, tools, names] = await Promise.all([
    load('texts.ts'),
    load('tool-words.ts'),
    load('connect/client-names.ts'),
  ])
  return { ...texts, ...tools, ...names }
}

describe.each(['en-US', 'es-GT'])('the activity in %s', (language) => {
  it('has words for every tool, prompt and resource, and for nothing else', async () => {
    const { TOOL_WORDS, PROMPT_WORDS, RESOURCE_WORDS } = await wordsIn(language)
    const tools = await loadTools()
    const named = (own: readonly { name: string }[]) => [...own.map(({ name }) => name), 'unknown'].sort()
    expect(Object.keys(TOOL_WORDS).sort()).toEqual(named(tools))
    expect(Object.keys(PROMPT_WORDS).sort()).toEqual(named(listPrompts(() => true)))
    expect(Object.keys(RESOURCE_WORDS).sort()).toEqual(named(RESOURCES))
    for (const [name, { asks, did }] of Object.entries(TOOL_WORDS)) {
      expect(asks, name).toMatch(/\S/)
      // What a tool did is told of those that change something.
      const tool = tools.find((each) => each.name === name)
      const changes = tool?.kind === 'business' && tool.mode === 'write'
      expect(did !== undefined, name).toBe(changes)
    }
  })

  it('has words for everything else that is recorded, and for every refusal', async () => {
    const { TEXT } = await wordsIn(language)
    const events = Object.entries(AUDITED).flatMap(([kind, actions]) => actions.map((action) => `${kind} ${action}`))
    expect(Object.keys(TEXT.activity.did).sort()).toEqual(events.sort())
    expect(Object.keys(TEXT.activity.reasons).sort()).toEqual(Object.keys(ERROR_STATUS).sort())
  })
})

it('has no sentence in Spanish that is still the English one', async () => {
  const [en, es] = [await wordsIn('en-US'), await wordsIn('es-GT')]
  const flat = (value: unknown, path = ''): [string, string][] =>
    typeof value === 'string'
      ? [[path, value]]
      : typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, each]) => flat(each, `${path}.${key}`))
        : []
  const words = ({ TEXT, TOOL_WORDS, PROMPT_WORDS, RESOURCE_WORDS }: Words) =>
    flat({ TEXT, TOOL_WORDS, PROMPT_WORDS, RESOURCE_WORDS })
  const english = new Map(words(en))
  const same = words(es).filter(([path, text]) => english.get(path) === text)
  // The same word in both languages
  expect(same).toEqual([
    ['.TEXT.tabs.token', 'Token'],
    ['.TEXT.assistants.kinds.token', 'Token'],
  ])
})

it('tells every refusal of the service in Spanish', async () => {
  vi.stubGlobal('navigator', { languages: ['es-GT'] })
  vi.resetModules()
  const { serviceWords, signInWords } = await import(/* @vite-ignore */ new URL('../service-words.ts', SETTINGS).href)
  for (const code of [...Object.keys(ERROR_STATUS), 'new_code']) {
    for (const words of [serviceWords, signInWords])
      expect(words({ code, message: 'English' }), code).not.toBe('English')
  }
})

describe('a client', () => {
  it('is called as merchants know it', async () => {
    const { clientName } = await wordsIn('es-GT')
    expect(
      ['claude-ai', 'Claude-User', 'claude-code', 'openai-mcp', 'Visual Studio Code', 'gemini-cli-mcp-client'].map(
        clientName,
      ),
    ).toEqual(['Claude', 'Claude', 'Claude Code', 'ChatGPT', 'VS Code', 'Gemini CLI'])
    expect(['curl', 'browser', 'other', 'My Till'].map(clientName)).toEqual([
      'un programa (curl)',
      'navegador',
      'otro programa',
      'My Till',
    ])
  })
})
