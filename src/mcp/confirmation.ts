import { Decimal } from '../money/money.ts'

/** What a person is asked before a write. */
export interface Question {
  /** Stands for who calls what with which arguments: an answer counts for no other call. */
  call: string
  text: string
}

/** @param key the idempotency key of the confirmed call, so that one answer does a thing once */
export type Answer = { isYes: true; key: string } | { isYes: false }

/**
 * How a call asks its person, if the client can show questions.
 * @throws QuestionAsked where the answer comes with a call of its own
 */
export type Ask = (question: Question) => Promise<Answer>

/** The call ends with a question; its client repeats it with the answer. */
export class QuestionAsked extends Error {
  readonly question: Question

  constructor(question: Question) {
    super('the call ends with a question')
    this.question = question
  }
}

/** How long an answer may take. */
export const MINUTES_TO_ANSWER = 10

const PRICE_CHANGE_PERCENT = 10
const STOCK_CHANGE_UNITS = 20

/** Which writes are asked about: a tool, and from what it did or would do, whether that is much. */
const ASKED = new Map<string, (data: Record<string, unknown>) => boolean>([
  ['refund_order', () => true],
  ['cancel_order', () => true],
  ['update_product', ({ changes }) => (changes as Change[]).some(isLargePriceChange)],
  ['adjust_inventory', ({ change }) => new Decimal(String(change)).abs().greaterThan(STOCK_CHANGE_UNITS)],
])

interface Change {
  field: string
  from: string | null
  to: string | null
}

function isLargePriceChange({ field, from, to }: Change): boolean {
  if (field !== 'price' || from === null || to === null) return false
  const before = new Decimal(from)
  return new Decimal(to).minus(before).abs().times(100).greaterThan(before.times(PRICE_CHANGE_PERCENT))
}

/** Whether calls of a tool are asked about at all. */
export function mayAsk(tool: string): boolean {
  return ASKED.has(tool)
}

/** Whether a person is asked before a tool does what `data`, its result, tells. */
export function isAskedAbout(tool: string, data: Record<string, unknown>): boolean {
  return ASKED.get(tool)?.(data) ?? false
}

/** What a client holds while its person thinks, and hands back with the answer. */
export interface QuestionState {
  /** `Question.call`: the only call that the answer counts for. */
  call: string
  /** `Answer.key` */
  key: string
}
