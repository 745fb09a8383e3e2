import listing from '../integrations/listing.json' with { type: 'json' }

/** The test prompts of the directories, as a table for `docs/listing.md`. */
export function promptsTable(): string {
  const called = ({ tool, arguments: args }: { tool: string; arguments: object }) =>
    `\`${tool} ${JSON.stringify(args)}\``
  const positive = listing.positive.map(({ prompt, call }) => `| ${prompt} | ${called(call)} |`)
  const negative = listing.negative.map(({ prompt, because, refused }) => {
    return `| ${prompt} | No answer. ${because}${refused === undefined ? '' : ` ${called(refused)} is refused.`} |`
  })
  return ['| Prompt | What it leads to |', '|---|---|', ...positive, ...negative].join('\n')
}
