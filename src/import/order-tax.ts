import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { Decimal } from '../money/money.ts'
import { rateOf } from '../money/tax-rate.ts'
import { type ImportContext, withoutLoops } from './kind.ts'

/** Rates that are common in the world, in percent: the whole and the half ones, and a few others. */
const COMMON = [
  ...Array.from({ length: 60 }, (_, index) => (index + 1) / 2),
  ...[2.1, 2.6, 3.7, 3.8, 5.2, 7.25, 7.7, 8.1, 8.25, 8.75, 8.875, 10.25, 12.36],
].map((percent) => new Decimal(percent).div(100).toFixed())
/** A tax that is rounded to the cent shows its rate to a twentieth of a percent, where the net is so many cents. */
const SHARP = 1000

/** The common rates that this tax can be at, most often none: it spares the exact comparison with all of them. */
function near(net: string, tax: string): string[] {
  const ratio = Number(tax) / Number(net)
  return COMMON.filter((rate) => Math.abs(Number(rate) - ratio) < 0.002)
}

interface Stated {
  net: string
  tax: string
}

/**
 * Names the rate of stated taxes that none of the shop's own rates explains. On small amounts many rates give the same
 * tax, so that only those count which a large line of the file shows; a tax that none of them gives keeps no rate.
 */
export async function nameRates(db: Transaction, { business }: ImportContext): Promise<void> {
  const { rows } = await sql<Stated>`
    select distinct gross_sales - discount as net, tax from import_line
    where tax is not null and tax_rate is null and reason is null`.execute(db)
  if (rows.length === 0) return
  const smallest = new Decimal(SHARP).times(new Decimal(10).pow(-business.currencyDigits))
  const shown = new Set<string>()
  for (const { net, tax } of rows) {
    const rate = new Decimal(net).abs().gte(smallest) ? rateOf(net, tax, near(net, tax), business) : null
    if (rate !== null && rate !== '0') shown.add(rate)
  }
  const rates = [...shown]
  const named = rows.flatMap(({ net, tax }) => {
    const rate = rateOf(net, tax, rates, business)
    return rate === null ? [] : [{ net, tax, rate }]
  })
  await withoutLoops(db, () =>
    sql`
      update import_line line set tax_rate = named.rate
      from jsonb_to_recordset(${JSON.stringify(named)}::jsonb) as named (net numeric, tax numeric, rate numeric)
      where line.tax_rate is null and line.tax = named.tax and line.gross_sales - line.discount = named.net`.execute(
      db,
    ),
  )
}
