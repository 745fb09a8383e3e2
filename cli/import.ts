import { basename } from 'node:path'
import { SingleBar } from 'cli-progress'
import { type FileReport, type ImportReport, importFiles, type Progress } from '../src/import/import.ts'
import { formatAmount } from '../src/money/money.ts'
import { counted } from '../src/results/counted.ts'
import { describeDays } from '../src/time/window.ts'
import { required, runCommand, UsageError, uuid } from './command.ts'

const USAGE = `npm run import -- --business ID [--orders FILE] [--products FILE] [--clients FILE]
                     [--from NAME] [--map column=Header,…] [--map-value column:value=ours]
                     [--date-format d/M/yyyy] [--timezone ZONE] [--location NAME] [--decimal MARK]
                     [--delimiter CHARACTER] [--encoding NAME] [--number-prefix TEXT]
                     [--skip-bad] [--preview] [--json]

Loads CSV files: clients, then products, then orders, each all or nothing. Importing a file again changes nothing:
an order that is there with the same date, place and total is left as it is, a product or a client is updated. An
order number that is there with anything else is rejected. docs/import.md tells more.

Columns (headers may be in any case; * is required; --map names those that are called otherwise)
  orders    one row per line: order_number* ordered_at* quantity* (negative: a return), sku or product_name*,
            unit_price or line_total*
            time time_zone status cancelled_at type void location client_code client_name employee category discount tax cost
            line_cost (all of the line, cost of one) tip payment_method order_type currency
            of the whole order: order_discount shipping order_tax order_total refunded
  products  sku* name* category price cost on_hand (the stock after the import) reorder_point reorder_quantity
            safety_stock lead_time_days supplier location active
  clients   client_code* name* email phone tax_id city country

--map            column=Header; column= for a column that the file has not, whatever its headers say
--map-value      column:value=ours, such as status:angelegt=open; status:…=skip leaves rows out
--from           shopify, square, woocommerce, loyverse, toast, etsy, paypal or clover; recognised by the headers
--date-format    tokens d dd M MM yy yyyy H HH h hh m mm s ss a; without it, dates that have one meaning are read
--timezone       IANA zone of the local times in the file; by default the zone of each order's location
--location       for rows that name none; by default the first location of the business
--decimal        . or , where the amounts of the file leave it open, as 1.990 does
--delimiter      what separates values; by default what separates the header
--encoding       such as windows-1252; recognised by default
--number-prefix  stands before every order number of the file, to tell shops with the same numbers apart
--skip-bad       keeps the good rows and writes the others to FILE.rejected.csv, which its owner alone may read; an
                 apostrophe keeps a value such as =1+1 from being a formula in a spreadsheet, and is not imported
--preview        shows what would be loaded (counts, sums, first rows) and writes nothing`

await runCommand({
  usage: USAGE,
  options: {
    business: { type: 'string' },
    orders: { type: 'string' },
    products: { type: 'string' },
    clients: { type: 'string' },
    map: { type: 'string', multiple: true },
    'map-value': { type: 'string', multiple: true },
    from: { type: 'string' },
    'date-format': { type: 'string' },
    timezone: { type: 'string' },
    location: { type: 'string' },
    decimal: { type: 'string' },
    delimiter: { type: 'string' },
    encoding: { type: 'string' },
    'number-prefix': { type: 'string' },
    'skip-bad': { type: 'boolean' },
    preview: { type: 'boolean' },
  },
  async run({ values, words, database }) {
    if (words[0] !== undefined) throw new UsageError(`"${words[0]}" is not expected: files are named by their kind.`)
    const { orders, products, clients, map, timezone, location } = values
    const businessId = uuid(required(values.business, 'business'), '--business')
    const bar = progressBar()
    try {
      const report = await importFiles(await database(), {
        businessId,
        files: { ...(orders && { orders }), ...(products && { products }), ...(clients && { clients }) },
        map: map ?? [],
        mapValues: values['map-value'],
        from: values.from,
        dateFormat: values['date-format'],
        timezone,
        location,
        decimal: values.decimal,
        delimiter: values.delimiter === 'tab' || values.delimiter === '\\t' ? '\t' : values.delimiter,
        encoding: values.encoding,
        numberPrefix: values['number-prefix'],
        skipBad: values['skip-bad'],
        preview: values.preview,
        onProgress: bar.show,
      })
      return { json: report, text: textOf(report), failure: failureOf(report) }
    } finally {
      bar.stop()
    }
  },
})

/** A progress bar on stderr, one per step; nothing if stderr is not a terminal. */
function progressBar(): { show(progress: Progress): void; stop(): void } {
  const bar = new SingleBar({ format: '{title} [{bar}] {percentage}%', stream: process.stderr, noTTYOutput: false })
  let title = ''
  return {
    show({ file, step, done, total }) {
      if (!process.stderr.isTTY) return
      if (title !== `${file} ${step}`) {
        title = `${file} ${step}`
        bar.stop()
        bar.start(total, done, { title })
      }
      bar.update(done)
    },
    stop: () => bar.stop(),
  }
}

function failureOf({ files, isPreview }: ImportReport): string | undefined {
  const failed = files.find((file) => !file.imported)
  if (!failed) return undefined
  const name = basename(failed.file)
  return `Nothing of ${name} ${isPreview ? 'would be' : 'was'} imported; rejected: ${failed.rejected} of its ${counted(failed.rows, 'row')}.`
}

function textOf({ business, files, isPreview }: ImportReport): string {
  const note = isPreview ? ['Preview: nothing was written. This would be:'] : []
  return [
    `${business.name} (${business.id})`,
    ...note,
    ...files.flatMap((file) => linesOf(file, business.currency)),
  ].join('\n')
}

function linesOf(file: FileReport, currency: string): string[] {
  const extra = Object.entries(file.madeOnTheWay).filter(([, count]) => count > 0)
  return [
    `${file.file}: ${counted(file.rows, 'row')}`,
    ...(file.imported
      ? [`  ${file.kind}: ${file.made} made, ${file.updated} updated, ${file.unchanged} unchanged`]
      : ['  nothing imported']),
    ...(extra.length > 0 ? [`  made on the way: ${extra.map(([what, count]) => `${count} ${what}`).join(', ')}`] : []),
    ...salesOf(file, currency),
    ...(file.firstRows ?? []).map(
      ({ line, values }) =>
        `  line ${line}: ${Object.entries(values)
          .map(([column, value]) => `${column} ${value}`)
          .join(', ')}`,
    ),
    `  columns used: ${usedOf(file)}`,
    ...(file.leftOut > 0 ? [`  left out: ${counted(file.leftOut, 'row')} that are void or add up the others`] : []),
    ...(file.unusedHeaders.length > 0 ? [`  columns not used: ${file.unusedHeaders.join(', ')}`] : []),
    ...(file.rejected > 0 ? [`  rejected: ${counted(file.rejected, 'row')}${rejectedWhere(file)}`] : []),
    ...file.rejects.map(({ line, reason }) => `    line ${line}: ${reason}`),
  ]
}

function salesOf({ from, to, netSales, tax, total, refunded }: FileReport, currency: string): string[] {
  if (!from || !to || netSales === undefined || tax === undefined || total === undefined) return []
  const say = (amount: string) => formatAmount(amount, currency)
  const back = refunded === undefined || Number(refunded) === 0 ? '' : `, refunded ${say(refunded)}`
  return [
    `  ${describeDays({ from, to })}, completed orders: net sales ${say(netSales)}, tax ${say(tax)}, total with tips ${say(total)}${back}`,
  ]
}

/** `Qty as quantity, sku`: a header that is one of our names needs no explanation. */
function usedOf({ usedHeaders }: FileReport): string {
  return Object.entries(usedHeaders)
    .map(([column, header]) => (header.toLowerCase() === column ? header : `${header} as ${column}`))
    .join(', ')
}

function rejectedWhere({ rejectedFile, rejected, rejects }: FileReport): string {
  const where = rejectedFile === null ? '' : `, written to ${rejectedFile}`
  return rejected > rejects.length ? `${where}; the first ${rejects.length}:` : `${where}:`
}
