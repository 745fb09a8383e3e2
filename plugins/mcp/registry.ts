import fp from 'fastify-plugin'
import { TOOLS_FOLDER } from '../../src/folders.ts'
import { importFolder } from '../../src/import-folder.ts'
import { createRegistry, type Registry } from '../../src/mcp/registry.ts'
import type { Tool } from '../../src/mcp/tool.ts'

declare module 'fastify' {
  interface FastifyInstance {
    registry: Registry
  }
}

/** The tool registry: every file below `tools/` is one tool, its default export. */
export default fp(
  async (app) => {
    app.decorate('registry', createRegistry(await loadTools()))
  },
  { name: 'registry', dependencies: [] },
)

/** All tools of the folder. @throws Error naming a file that exports no tool */
export async function loadTools(): Promise<Tool[]> {
  const modules = await importFolder(TOOLS_FOLDER)
  return modules.map(([name, module]) => {
    const tool = module.default as Tool | undefined
    if (tool?.name === undefined) throw new Error(`tools/${name} has no tool as its default export`)
    return tool
  })
}
