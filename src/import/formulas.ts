// A spreadsheet runs a cell that begins with one of these, unless an apostrophe stands before it.
const FORMULA = /^[=+\-@＝＋－＠]/
const PLAIN_NUMBER = /^[+-]?\d+([.,]\d+)*$/
const QUOTED = /^'(?=[=+\-@＝＋－＠])/

/** A value as a cell that no spreadsheet runs as a formula. `fromCell` gives back the value. */
export function toCell(value: string): string {
  return FORMULA.test(value) && !PLAIN_NUMBER.test(value) ? `'${value}` : value
}

/** The value of a cell, without the apostrophe that keeps it from being a formula. */
export function fromCell(cell: string): string {
  return cell.replace(QUOTED, '')
}
