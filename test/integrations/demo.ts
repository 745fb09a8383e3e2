import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { ANA } from '../../demo/data/directory.ts'
import { seedDemo } from '../../demo/seed.ts'
import { listen } from '../support/merchant.ts'
import { startService } from '../support/service.ts'

/** A Saturday afternoon in Guatemala. */
const NOW = new Date('2026-11-21T22:20:00Z')

/** The reviewer's account: Ana, who owns a shop of the demo, with a client of the SDK connected in her name. */
export async function startDemo() {
  const service = await startService({ users: [{ uid: ANA.uid, email: ANA.email }] })
  await seedDemo({ connectionString: service.db.ownerUrl, now: NOW, days: 75, scale: 0.25 })
  const token = await service.tokenOf(ANA.uid)
  service.now = NOW
  const origin = await listen(service.app)
  const client = new Client({ name: 'scripted', version: '1' })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  )
  return {
    client,
    /** What a call answers, in words. */
    async call(name: string, args: Record<string, unknown>) {
      const { content, structuredContent, isError = false } = await client.callTool({ name, arguments: args })
      const [first] = content as { text: string }[]
      // biome-ignore lint/suspicious/noExplicitAny: the tests look at the parts that they use
      return { text: first?.text ?? '', data: structuredContent as any, isError }
    },
    async close() {
      await client.close()
      await service.close()
    },
  }
}
