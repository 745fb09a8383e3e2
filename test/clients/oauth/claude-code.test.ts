import { claudeCode } from './claude-code.ts'
import { staysConnected } from './stays-connected.ts'

staysConnected('Claude Code', claudeCode(), { document: 'claudeCode', isPinned: true })
staysConnected('Claude Code at a service that takes no documents', claudeCode(), {
  config: { OAUTH_CLIENT_DOCUMENTS: 'off' },
})
