import { Agent, getAllMcpTools, MCPServerStreamableHttp, RunContext } from '@openai/agents'
import { converse, headers, url } from './converse.mjs'

const server = new MCPServerStreamableHttp({ url, requestInit: { headers } })
await server.connect()
const runContext = new RunContext()
const agent = new Agent({ name: 'FlowPOS Merchant Assistant', mcpServers: [server] })
const tools = await getAllMcpTools({ mcpServers: [server], runContext, agent, errorFunction: null })
await converse(
  tools.map(({ name }) => name),
  async (name, args) => {
    const { text } = await tools.find((tool) => tool.name === name).invoke(runContext, JSON.stringify(args))
    return text
  },
)
await server.close()
