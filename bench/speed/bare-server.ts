/**
 * The practical limit: one Fastify route that verifies the token, reads the session, runs the recorded statements (one
 * after another, or all together with PIPELINED) and answers the recorded bytes. It checks no arguments, limits
 * nothing, counts nothing and writes no log. Its streams are open responses that never send anything.
 */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import fastifyJwt from '@fastify/jwt'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { caseNameOf } from './cases.ts'
import { createReplay, type Recordings } from './recording.ts'
import { jwtOptions, type TokenClaims } from './tokens.ts'

const { PORT, DATABASE_URL = '', REDIS_URL = '', MCP_TOKEN_SECRET = '', RECORDINGS = '', PIPELINED } = process.env
const recordings = JSON.parse(await readFile(RECORDINGS, 'utf8')) as Recordings
// Encoded once, because encoding a long text for each answer costs more than everything else here.
const prepared = new Map(
  Object.entries(recordings).map(([name, { before, after, statements }]) => [
    name,
    { before: Buffer.from(before), after: Buffer.from(after), statements },
  ]),
)
const replay = createReplay(DATABASE_URL, PIPELINED === 'true')
const redis = new Redis(REDIS_URL, { enableAutoPipelining: true })

const app = Fastify({ logger: false })
await app.register(fastifyJwt, jwtOptions(MCP_TOKEN_SECRET))

app.get('/health/ready', () => ({ status: 'ok' }))

interface Message {
  id: string | number
  method: string
  params?: { name?: string }
}

app.post<{ Body: Message }>('/mcp', async (request, reply) => {
  const { sub } = await request.jwtVerify<TokenClaims>()
  const principal = `user:${sub}`
  if (request.body.method === 'initialize') {
    const sessionId = randomUUID()
    await redis.set(`mcp:session:${sessionId}`, JSON.stringify({ principal }))
    return reply.header('mcp-session-id', sessionId).send({ jsonrpc: '2.0', id: request.body.id, result: {} })
  }
  const keys = [`mcp:session:${request.headers['mcp-session-id']}`, `mcp:choice:${principal}`]
  const [session] = await redis.mget(keys)
  const recording = prepared.get(caseNameOf(request.body))
  if (JSON.parse(session ?? '{}').principal !== principal || recording === undefined) return reply.code(404).send()
  const { before, after, statements } = recording
  if (statements.length > 0) await replay(statements)
  const id = Buffer.from(JSON.stringify(request.body.id))
  return reply.type('application/json; charset=utf-8').send(Buffer.concat([before, id, after]))
})

app.get('/mcp', async (request, reply) => {
  await request.jwtVerify()
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n')
})

await app.listen({ host: '127.0.0.1', port: Number(PORT) })
