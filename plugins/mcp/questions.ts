import { createHmac } from 'node:crypto'
import { createRequestStateCodec, type RequestStateCodec } from '@modelcontextprotocol/server'
import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import { MINUTES_TO_ANSWER, type QuestionState } from '../../src/mcp/confirmation.ts'

declare module 'fastify' {
  interface FastifyInstance {
    questions: RequestStateCodec<QuestionState>
  }
}

/** Signs the state of a question, so that any instance can take the answer, and nobody can make one up. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    // A key of its own: what one use of the secret signs is worth nothing in another.
    const key = createHmac('sha256', config.MCP_TOKEN_SECRET).update('questions').digest()
    app.decorate('questions', createRequestStateCodec<QuestionState>({ key, ttlSeconds: MINUTES_TO_ANSWER * 60 }))
  },
  { name: 'questions', dependencies: [] },
)
