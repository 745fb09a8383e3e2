import { Readable } from 'node:stream'
import yazl from 'yazl'
import { ServiceError } from '../errors.ts'
import type { Cell } from './cells.ts'

// ECMA-376, Office Open XML: the fewest parts of which a workbook consists.
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const TYPES = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const PARTS = {
  '[Content_Types].xml':
    `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
    `<Override PartName="/xl/workbook.xml" ContentType="${TYPES}.sheet.main+xml"/>` +
    `<Override PartName="/xl/styles.xml" ContentType="${TYPES}.styles+xml"/>` +
    `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPES}.worksheet+xml"/></Types>`,
  '_rels/.rels':
    `<Relationships xmlns="${PACKAGE}/relationships">` +
    `<Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/_rels/workbook.xml.rels':
    `<Relationships xmlns="${PACKAGE}/relationships">` +
    `<Relationship Id="rId1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>` +
    `<Relationship Id="rId2" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
  'xl/styles.xml':
    `<styleSheet xmlns="${MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>` +
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>' +
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>' +
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>' +
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' +
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>',
}
// Indexes of cellXfs above.
const STYLE = { date: 1, time: 2, title: 3 }
const MOST_ROWS = 1_048_576
const DAY_MS = 24 * 3_600_000
// The day 0 of a spreadsheet.
const EPOCH = Date.UTC(1899, 11, 30)

/** A workbook with one sheet, as a stream that holds a page of rows at a time. */
export function xlsxOf(sheet: string, titles: readonly string[], pages: AsyncIterable<Cell[][]>): Readable {
  const zip = new yazl.ZipFile()
  const name = escaped(sheet.replace(/[\\/?*[\]:]/g, ' ').slice(0, 31))
  const workbook = `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="${name}" sheetId="1" r:id="rId1"/></sheets></workbook>`
  for (const [part, xml] of Object.entries({ ...PARTS, 'xl/workbook.xml': workbook })) {
    zip.addBuffer(Buffer.from(HEAD + xml), part)
  }
  const rows = Readable.from(sheetOf(titles, pages))
  const output = zip.outputStream as Readable
  rows.on('error', (error) => output.destroy(error))
  output.on('close', () => rows.destroy())
  zip.addReadStream(rows, 'xl/worksheets/sheet1.xml')
  zip.end()
  return output
}

async function* sheetOf(titles: readonly string[], pages: AsyncIterable<Cell[][]>): AsyncGenerator<Buffer> {
  const columns = titles.map((_title, index) => columnName(index))
  const pane =
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews>'
  const title = titles.map((text, index) => textCell(`${columns[index]}1`, text, STYLE.title)).join('')
  yield Buffer.from(`${HEAD}<worksheet xmlns="${MAIN}">${pane}<sheetData><row r="1">${title}</row>`)
  let row = 1
  for await (const rows of pages) {
    if (row + rows.length > MOST_ROWS) {
      throw new ServiceError('invalid_argument', 'These are more rows than a sheet holds: take CSV.')
    }
    const lines = rows.map((cells) => {
      row += 1
      return `<row r="${row}">${cells.map((cell, index) => cellXml(`${columns[index]}${row}`, cell)).join('')}</row>`
    })
    yield Buffer.from(lines.join(''))
  }
  yield Buffer.from('</sheetData></worksheet>')
}

/** `A` for 0, `AA` for 26. */
function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter
}

function cellXml(place: string, cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'string') return textCell(place, cell)
  if ('number' in cell) return `<c r="${place}"><v>${cell.number}</v></c>`
  const { date, time } = cell
  const days = (Date.parse(time === undefined ? date : `${date}T${time}Z`) - EPOCH) / DAY_MS
  return `<c r="${place}" s="${time === undefined ? STYLE.date : STYLE.time}"><v>${days}</v></c>`
}

/** A text that stays one, whatever it begins with. */
function textCell(place: string, text: string, style = 0): string {
  return `<c r="${place}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  // XML 1.0 section 2.2: no control characters, and no half of a pair.
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (character) => ENTITIES[character] as string)
}
