import { mcpRemote } from './mcp-remote.ts'
import { staysConnected } from './stays-connected.ts'

staysConnected('mcp-remote', mcpRemote(), { isPinned: true })
staysConnected('mcp-remote in the newest revision', mcpRemote('--protocol', 'auto'))
