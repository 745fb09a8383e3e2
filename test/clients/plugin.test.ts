import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { installed, run } from './run.ts'

const INTEGRATIONS = path.join(import.meta.dirname, '../../integrations')

it.each(['flowpos', '.'])('Claude Code takes integrations/%s without a warning', async (folder) => {
  const program = installed(`@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`)
  const home = await mkdtemp(path.join(tmpdir(), 'flowpos-plugin-'))
  try {
    const { code, stdout, stderr } = await run(
      program,
      ['plugin', 'validate', '--strict', path.join(INTEGRATIONS, folder)],
      { HOME: home, CLAUDE_CONFIG_DIR: home },
    )
    expect({ code, said: `${stdout}${stderr}` }).toEqual({ code: 0, said: expect.stringMatching(/passed/i) })
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
