import { mcpToTool } from '@google/genai'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { converse, headers, url } from './converse.mjs'

const client = new Client({ name: 'google-genai', version: '1' })
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
const tool = mcpToTool(client)
const { functionDeclarations } = await tool.tool()
await converse(
  functionDeclarations.map(({ name }) => name),
  async (name, args) => {
    const [{ functionResponse }] = await tool.callTool([{ name, args }])
    return functionResponse.response.content[0].text
  },
)
await client.close()
