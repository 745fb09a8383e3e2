import { createMCPClient } from '@ai-sdk/mcp'
import { converse, headers, url } from './converse.mjs'

const client = await createMCPClient({ transport: { type: 'http', url, headers } })
const tools = await client.tools()
await converse(Object.keys(tools), async (name, args) => {
  const { content } = await tools[name].execute(args, { toolCallId: '1', messages: [] })
  return content[0].text
})
await client.close()
