import { ServiceError } from '../errors.ts'

/** A prompt that a person picks in their client, worded so that the model uses the right tools. */
interface Prompt {
  name: string
  title: string
  description: string
  arguments: readonly { name: string; description: string; pattern: RegExp; example: string }[]
  /** The prompt is offered to those who may use all of these tools. */
  tools: readonly string[]
  /** @param several whether the person has more than one business */
  text(args: Record<string, string | undefined>, several: boolean): string
}

/** A prompt as `prompts/list` gives it. */
export interface PromptListing {
  name: string
  title: string
  description: string
  arguments: { name: string; description: string; required: false }[]
}

const PROMPTS: readonly Prompt[] = [
  {
    name: 'month_review',
    title: 'Review of a month',
    description: 'A month in figures: sales against the month before, movers, taxes, payment methods, clients.',
    arguments: [
      {
        name: 'month',
        description: 'As YYYY-MM; default: the last whole month',
        pattern: /^\d{4}-(0[1-9]|1[0-2])$/,
        example: '2026-10',
      },
    ],
    tools: ['summarize_period', 'get_tax_report', 'get_sales_by_payment_method', 'get_client_health'],
    text: ({ month }) =>
      [
        month === undefined
          ? 'Review the last whole month of the business (preset last_month).'
          : `Review the month ${month} of the business, from its first to its last day.`,
        'Call summarize_period, get_tax_report and get_sales_by_payment_method for that window, and get_client_health.',
        'Write one page for the owner: the result in a sentence, what changed against the month before and why, best ' +
          'and worst days, products and categories that moved, taxes to set aside by rate, how people paid, clients at ' +
          'risk. End with three things to do next month. Quote amounts exactly as the tools give them, with currency ' +
          'and days, and say where a figure is missing.',
      ].join('\n'),
  },
  {
    name: 'morning_briefing',
    title: 'Morning briefing',
    description: 'How yesterday went, what today needs, and what to reorder before opening.',
    arguments: [],
    tools: ['summarize_day', 'get_inventory_health'],
    text: (_args, several) =>
      [
        'Give me a briefing before opening.',
        several
          ? "Call summarize_day for yesterday's local date with allBusinesses, then get_inventory_health for each business (get_context lists them)."
          : "Call summarize_day for yesterday's local date (get_context tells the local time), then get_inventory_health.",
        'In at most ten lines: net sales against the same weekday, what sold best, refunds or discounts worth a look, ' +
          'and the products to reorder first with suggested quantities. Never add up different currencies. Quote ' +
          'amounts exactly as the tools give them.',
      ].join('\n'),
  },
  {
    name: 'reorder_plan',
    title: 'Reorder plan',
    description: 'An order list by supplier: what to buy now, how much, and why.',
    arguments: [],
    tools: ['get_reorder_list', 'get_inventory_health', 'list_suppliers'],
    text: () =>
      [
        'Make a plan of what to reorder now.',
        'Call get_reorder_list, and again with its cursor until all lines are there; get_inventory_health for what loses ' +
          'most revenue if it is missing; list_suppliers for contacts.',
        'First the transfers between locations. Then by supplier: SKU, product, location, on hand, quantity, ' +
          'cost of the line, and the sum of the order as the tool gives it, with what has no known cost. Name ' +
          'first what is most urgent. Change nothing in the stock: this is a plan.',
      ].join('\n'),
  },
]

/** Whether there is a prompt of that name, offered or not. */
export function isPrompt(name: string): boolean {
  return PROMPTS.some((prompt) => prompt.name === name)
}

/** The prompts whose tools may all be used. */
export function listPrompts(mayUse: (tool: string) => boolean): PromptListing[] {
  return PROMPTS.filter((prompt) => prompt.tools.every(mayUse)).map(({ name, title, description, ...prompt }) => ({
    name,
    title,
    description,
    arguments: prompt.arguments.map((argument) => ({
      name: argument.name,
      description: argument.description,
      required: false,
    })),
  }))
}

/**
 * The message of a prompt.
 * @throws ServiceError `not_found`, the same for a prompt that is unknown and for one that is not offered;
 *   `invalid_argument` naming the argument
 */
export function getPrompt(
  name: string,
  args: Record<string, string>,
  { mayUse, several }: { mayUse: (tool: string) => boolean; several: boolean },
): { description: string; text: string } {
  const prompt = PROMPTS.find((each) => each.name === name && each.tools.every(mayUse))
  if (prompt === undefined) throw new ServiceError('not_found', `Unknown prompt: ${name.slice(0, 64)}`)
  for (const [given, value] of Object.entries(args)) {
    const known = prompt.arguments.find((argument) => argument.name === given)
    if (known === undefined) {
      const valid = prompt.arguments.map((argument) => argument.name).join(', ')
      throw new ServiceError(
        'invalid_argument',
        `Unknown argument ${JSON.stringify(given.slice(0, 60))}; ${valid === '' ? 'none is taken here' : `valid are: ${valid}`}.`,
      )
    }
    if (!known.pattern.test(value)) {
      throw new ServiceError('invalid_argument', `${given} must look like ${known.example}.`)
    }
  }
  return { description: prompt.description, text: prompt.text(args, several) }
}
