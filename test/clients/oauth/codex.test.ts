import { installed } from '../run.ts'
import { startStdioPeer } from '../stdio-peer.ts'
import { type ClientProgram, staysConnected } from './stays-connected.ts'

staysConnected('Codex', codex(), { document: 'codex', isPinned: true })
staysConnected('Codex that registers', codex('--oauth-client-registration', 'dcr'))

/** Codex, by the server that its editor extension and its desktop application talk to. */
function codex(...options: string[]): ClientProgram {
  return {
    async connect(address, computer) {
      const program = installed('.bin/codex')
      const run = (...args: string[]) => computer.output(process.execPath, [program, ...args])
      await run('mcp', 'add', 'flowpos', '--url', address, ...options)
      const server = startStdioPeer(process.execPath, [program, 'app-server'], {
        env: computer.env,
        cwd: computer.home,
      })
      await server.request('initialize', {
        clientInfo: { name: 'codex_vscode', title: null, version: '1' },
        capabilities: null,
      })
      server.send({ method: 'initialized' })
      const { thread } = (await server.request('thread/start', { cwd: computer.home })) as { thread: { id: string } }
      return {
        async tools() {
          const { data } = await server.request('mcpServerStatus/list')
          return Object.keys((data as [{ tools: object }])[0].tools)
        },
        call: (...calls) =>
          Promise.all(
            calls.map(async ([tool, args = {}]) => {
              const call = { threadId: thread.id, server: 'flowpos', tool, arguments: args }
              const { content } = await server.request('mcpServer/tool/call', call)
              return (content as [{ text: string }])[0].text
            }),
          ),
        close: () => server.stop(),
      }
    },
  }
}
