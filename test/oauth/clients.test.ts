import { expect, it } from 'vitest'
import { placeOf, publisherOf } from '../../src/oauth/clients.ts'

it.each([
  ['https://claude.ai/oauth/claude-code-client-metadata', 'claude.ai'],
  ['https://chatgpt.com/oauth/codex/client.json', 'chatgpt.com'],
  ['V1StGXR8_Z5jdHi6B-myT', null],
])('the publisher of client %s is %s', (clientId, host) => {
  expect(publisherOf(clientId)).toBe(host)
})

it.each([
  ['https://claude.ai/api/mcp/auth_callback', 'claude.ai', 'site'],
  ['http://127.0.0.1:33418/callback', '127.0.0.1:33418', 'computer'],
  ['cursor://anysphere.cursor-mcp/oauth', 'cursor://anysphere.cursor-mcp', 'device'],
])('%s leads to %s, a %s', (redirectUri, host, kind) => {
  expect(placeOf(redirectUri)).toEqual({ host, kind })
})
