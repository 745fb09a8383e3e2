import { randomUUID } from 'node:crypto'
import type { JSONRPCRequest } from '@modelcontextprotocol/sdk/types.js'
import { ServiceError } from '../../../src/errors.ts'
import { type Ask, MINUTES_TO_ANSWER } from '../../../src/mcp/confirmation.ts'
import type { SessionEvents } from '../../../src/sessions/events.ts'
import type { Message } from './conversations.ts'

/** Where a session's questions are asked and answered, on whatever instances. */
export interface QuestionStream {
  /**
   * How a call asks on the stream that will answer it (MCP 2025-11-25, elicitation).
   * @param send sends a request on that stream
   * @param signal fires when the client is gone
   */
  askWith(send: (request: JSONRPCRequest) => Promise<void>, signal: AbortSignal): Ask
  /** Passes on those of the messages that answer a question. */
  passOn(messages: Message[]): Promise<void>
}

const QUESTION_ID = /^ask-[0-9a-f-]{36}$/
const NO_ANSWER = 'The person was asked, and no answer came. Nothing was written.'

export function createQuestionStream(events: SessionEvents, sessionId: string): QuestionStream {
  return {
    askWith: (send, signal) => async (question) => {
      const id = `ask-${randomUUID()}`
      let answer: (action: string) => void = () => {}
      let giveUp: () => void = () => {}
      const answered = new Promise<string>((resolve, reject) => {
        answer = resolve
        giveUp = () => reject(new ServiceError('unavailable', NO_ANSWER))
      })
      // Awaited below; this only prevents an unhandled rejection while the question is being sent.
      answered.catch(() => {})
      // The answer comes with another POST, to any instance, which rings.
      const stop = await events.listen(sessionId, (ring) => {
        if (ring === 'ended') giveUp()
        else if (ring.startsWith(`answer:${id}:`)) answer(ring.slice(`answer:${id}:`.length))
      })
      const timer = setTimeout(giveUp, MINUTES_TO_ANSWER * 60_000)
      signal.addEventListener('abort', giveUp, { once: true })
      try {
        // The form asks for nothing: accepting it is the answer.
        const params = { message: question.text, requestedSchema: { type: 'object', properties: {} } }
        await send({ jsonrpc: '2.0', id, method: 'elicitation/create', params })
        return (await answered) === 'accept' ? { isYes: true, key: `confirmed-${id}` } : { isYes: false }
      } finally {
        stop()
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
      }
    },

    async passOn(messages) {
      for (const { id, method, result } of messages) {
        if (method !== undefined || typeof id !== 'string' || !QUESTION_ID.test(id)) continue
        const action = (result as { action?: unknown } | null | undefined)?.action
        await events.ring(sessionId, `answer:${id}:${action === 'accept' ? 'accept' : 'decline'}`)
      }
    },
  }
}
