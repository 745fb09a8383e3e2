import { MultiServerMCPClient } from '@langchain/mcp-adapters'
import { converse, headers, url } from './converse.mjs'

const client = new MultiServerMCPClient({ flowpos: { url, transport: 'http', headers } })
const tools = await client.getTools()
await converse(
  tools.map(({ name }) => name),
  async (name, args) => {
    const { text } = await tools.find((tool) => tool.name === name).invoke(args)
    return text
  },
)
await client.close()
