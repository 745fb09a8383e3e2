import { randomUUID } from 'node:crypto'
import {
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequiredResult,
  inputRequired,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { ServiceError } from '../../../src/errors.ts'
import { type Ask, type Question, QuestionAsked, type QuestionState } from '../../../src/mcp/confirmation.ts'
import type { Exchange } from './exchange.ts'
import { showsForms } from './forms.ts'

// Accepting is the answer, so the form asks for nothing else.
const NOTHING_ELSE = { type: 'object' as const, properties: {} }
const ID = 'confirm'

/** How a call of the revision 2026-07-28 asks: its result is the question, and the next call has the answer. */
export function askInResult({ mcpReq }: ServerContext): Ask | undefined {
  const { [CLIENT_CAPABILITIES_META_KEY]: capabilities } = (mcpReq.envelope ?? {}) as Record<string, unknown>
  if (!showsForms((capabilities as { elicitation?: unknown } | undefined)?.elicitation)) return undefined
  return async (question) => {
    const state = mcpReq.requestState<QuestionState>()
    const action = (mcpReq.inputResponses?.[ID] as { action?: unknown } | undefined)?.action
    if (state === undefined || action === undefined) throw new QuestionAsked(question)
    if (state.call !== question.call) {
      throw new ServiceError('conflict', 'The person confirmed another call than this one. Nothing was written.', {
        hint: 'Repeat the call with the arguments that they saw, or make this one without an answer, to ask them.',
      })
    }
    return action === 'accept' ? { isYes: true, key: state.key } : { isYes: false }
  }
}

/** The result that asks. */
export async function questionResult({ questions }: Exchange, question: Question): Promise<InputRequiredResult> {
  return inputRequired({
    inputRequests: { [ID]: inputRequired.elicit({ message: question.text, requestedSchema: NOTHING_ELSE }) },
    requestState: await questions.mint({ call: question.call, key: `confirmed-${randomUUID()}` }),
  })
}
