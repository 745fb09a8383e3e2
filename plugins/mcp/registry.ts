import fp from 'fastify-plugin'
import { CHARTS_FILE, TOOLS_FOLDER } from '../../src/folders.ts'
import { importFolder } from '../../src/import-folder.ts'
import { type Charts, readCharts } from '../../src/mcp/charts.ts'
import { createRegistry, type Registry } from '../../src/mcp/registry.ts'
import type { Tool } from '../../src/mcp/tool.ts'

declare module 'fastify' {
  interface FastifyInstance {
    registry: Registry
    /** The page that draws answers, if it is built. */
    charts: Charts | undefined
  }
}

export interface RegistryOptions {
  /** The built page that draws answers. */
  chartsFile?: string
}

/** The tool registry: every file below `tools/` is one tool, its default export. */
export default fp<RegistryOptions>(
  async (app, { chartsFile = CHARTS_FILE }) => {
    const [tools, charts] = await Promise.all([loadTools(), readCharts(chartsFile)])
    if (charts === undefined)
      app.log.warn('The charts are not built, so answers are text alone: npm run build makes them.')
    app.decorate('charts', charts)
    app.decorate('registry', createRegistry(tools, charts?.uri))
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
