import { join } from 'node:path'
import { installed } from '../run.ts'
import { type StdioPeer, startStdioPeer } from '../stdio-peer.ts'
import type { ClientProgram } from './stays-connected.ts'

const INITIALIZE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'claude-ai', version: '0.1.0' },
}

/** mcp-remote with Claude Desktop, which it serves, played at its stdio. */
export function mcpRemote(...options: string[]): ClientProgram {
  return {
    async connect(address, { env, home }) {
      const remote: StdioPeer = startStdioPeer(
        process.execPath,
        [installed('.bin/mcp-remote'), address, '--allow-http', ...options],
        { env: { ...env, MCP_REMOTE_CONFIG_DIR: join(home, '.mcp-auth') } },
      )
      await remote.request('initialize', INITIALIZE).catch(async (error) => {
        await remote.stop()
        throw error
      })
      remote.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
      return {
        async tools() {
          const { tools } = await remote.request('tools/list')
          return (tools as { name: string }[]).map(({ name }) => name)
        },
        call: (...calls) =>
          Promise.all(
            calls.map(async ([name, args = {}]) => {
              const { content } = await remote.request('tools/call', { name, arguments: args })
              return (content as [{ text: string }])[0].text
            }),
          ),
        close: () => remote.stop(),
      }
    },
  }
}
