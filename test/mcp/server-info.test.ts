import { expect, it } from 'vitest'
import { SERVER_INFO, serverInfoOf } from '../../src/mcp/server-info.ts'

it('has icons where the service has a public address, and starts without one', () => {
  expect(serverInfoOf({})).toEqual(SERVER_INFO)
  const { icons } = serverInfoOf({ PUBLIC_URL: 'https://mcp.example.com' })
  expect(icons?.map(({ src }) => src)).toContain('https://mcp.example.com/icons/flowpos.svg')
})
