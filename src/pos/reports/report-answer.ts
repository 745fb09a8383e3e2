import type { Currency } from '../../money/money.ts'
import { areShown } from '../../results/counted.ts'
import { fileRowsOf } from '../../results/file-rows.ts'
import { estimateTokens } from '../../results/text.ts'
import { isTime } from './dimensions.ts'
import { isListedWhole, type Line, type Report } from './report.ts'
import { reportHead } from './report-head.ts'
import { matrixOf } from './report-matrix.ts'
import { reportNotes } from './report-notes.ts'
import { listOf } from './report-rows.ts'

// Both halves together stay under 8,000 tokens.
const MAX_TOKENS = 7900

/**
 * A report as data and as text, which tell the same. Rows that do not fit are left out, and both say so first.
 * @param isWhole no model reads it, so that everything fits
 */
export function answerOf(report: Report, currency: Currency, isWhole = false) {
  let rows = report.lines.length === 0 && !isListedWhole(report) ? 0 : Number.POSITIVE_INFINITY
  for (;;) {
    const answer = build(report, currency, rows)
    const tokens = estimateTokens(answer.text) + estimateTokens(JSON.stringify(answer.data))
    const isShort = tokens <= MAX_TOKENS || answer.rows <= 1
    if (isWhole) return { text: answer.text, data: answer.data, file: fileRowsOf(answer.file) }
    if (isShort) return { text: answer.text, data: answer.data }
    rows = Math.max(1, Math.floor((answer.rows * MAX_TOKENS) / tokens) - 1)
  }
}

function build(report: Report, currency: Currency, maxRows: number) {
  const isMatrix = report.groupBy.length === 2 && report.groupBy.some(isTime) && report.sort === undefined
  const body =
    report.groupBy.length === 0
      ? { rows: 0, cuts: [], data: {}, file: undefined, text: [] }
      : isMatrix || isRankedMatrix(report)
        ? matrixOf(report, currency, maxRows)
        : listOf(report, currency, maxRows)
  const head = reportHead(report, currency)
  // Where nothing matches, nothing is cut.
  const cuts = maxRows === 0 ? [] : body.cuts.filter(({ shown, of }) => shown < of)
  const cut =
    cuts.length === 0
      ? undefined
      : `Only ${cuts.map(({ shown, of, what }) => areShown(shown, what, of)).join(', ')}; totals are of all.`
  const notes = reportNotes(report, currency)
  return {
    rows: body.rows,
    // Not grouped, it is the totals.
    file: body.file ?? { rows: [head.data.totals] },
    data: {
      ...head.data,
      rows: [],
      ...body.data,
      about: {
        ...(cut === undefined ? {} : { cut }),
        ...head.about,
        groupBy: [...report.groupBy],
        ...notes.data,
      },
    },
    text: [...(cut === undefined ? [] : [cut]), ...head.text, ...body.text, ...notes.text].join('\n'),
  }
}

/** With one dimension of time, the other is ranked as a whole, also where a measure sorts it. */
function isRankedMatrix({ groupBy }: Report): boolean {
  return groupBy.length === 2 && groupBy.filter(isTime).length === 1
}

export type { Line }
