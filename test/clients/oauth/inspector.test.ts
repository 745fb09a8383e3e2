import { freePort } from '../../../embedded/postgres.ts'
import { installed } from '../run.ts'
import { type ClientProgram, staysConnected } from './stays-connected.ts'

staysConnected('the Inspector', inspector())

/** The Inspector's command line: each call is a process of its own, and all of them share one sign-in. */
function inspector(): ClientProgram {
  return {
    async connect(address, computer) {
      // It has no terminal here to ask in.
      computer.env.MCP_AUTO_OPEN_ENABLED = 'true'
      computer.env.MCP_INSPECTOR_SECRET_STORE = 'file'
      const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`
      const target = ['--cli', address, '--transport', 'http', '--callback-url', callback, '--quiet']
      const inspect = async (...args: string[]) => {
        const { code, stdout, stderr } = await computer.run(process.execPath, [
          installed('.bin/mcp-inspector'),
          ...target,
          ...args,
        ])
        if (code !== 0) throw new Error(`the Inspector ended with ${code}\n${stdout}\n${stderr}`)
        return JSON.parse(stdout)
      }
      await inspect('--method', 'tools/list')
      return {
        tools: async () => (await inspect('--method', 'tools/list')).tools.map(({ name }: { name: string }) => name),
        call: (...calls) =>
          Promise.all(
            calls.map(async ([name, args = {}]) => {
              const call = ['--tool-name', name, '--tool-args-json', JSON.stringify(args)]
              return (await inspect('--method', 'tools/call', ...call)).content[0].text
            }),
          ),
        close: async () => {},
      }
    },
  }
}
