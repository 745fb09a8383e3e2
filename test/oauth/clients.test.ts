import { expect, it } from 'vitest'
import { destinationOf, placeOf, publisherOf } from '../../src/oauth/clients.ts'

it.each([
  ['https://claude.ai/oauth/claude-code-client-metadata', 'claude.ai'],
  ['https://chatgpt.com/oauth/codex/client.json', 'chatgpt.com'],
  ['V1StGXR8_Z5jdHi6B-myT', null],
])('the publisher of client %s is %s', (clientId, host) => {
  expect(publisherOf(clientId)).toBe(host)
})

it.each([
  ['https://claude.ai/api/mcp/auth_callback', 'claude.ai', 'site', 'claude.ai'],
  [
    'http://127.0.0.1:33418/callback',
    '127.0.0.1:33418',
    'computer',
    '127.0.0.1:33418 (an application on this computer)',
  ],
  [
    'cursor://anysphere.cursor-mcp/oauth',
    'cursor://anysphere.cursor-mcp',
    'device',
    'cursor://anysphere.cursor-mcp (an application on this device)',
  ],
])('%s leads to %s', (redirectUri, host, kind, words) => {
  expect(placeOf(redirectUri)).toEqual({ host, kind })
  expect(destinationOf(redirectUri)).toBe(words)
})
