import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, type Decimal, formatAmount, grouped } from '../../money/money.ts'
import { sharePercent } from '../../money/share.ts'
import { counted } from '../../results/counted.ts'
import { Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { clean } from '../../results/text.ts'
import { clientTerms } from '../clients/client-status.ts'
import { type ClientHealth, EXPECTED_DAYS, type RatedClient, TOP_CLIENTS } from './client-health.ts'

/** How many clients each list names. */
export const LISTED = 5
const NAMED = 3
const NAME_LENGTH = 40

// The percentages from which a figure deserves advice.
const MANY_WITHOUT_CLIENT = 30
const FEW_REPEAT = 50
const CONCENTRATED = 50

const NAMED_CLIENT = {
  code: Type.String(),
  name: Type.String(),
  orders: Type.Integer(),
  netSales: Type.String(),
  lastPurchase: Type.String(),
}

export const ClientHealthSchema = Type.Object({
  asOf: Type.String(),
  timezone: Type.String(),
  currency: Type.String(),
  counts: Type.Object({
    withPurchases: Type.Integer({ description: 'active + atRisk + lost + switchedOff' }),
    active: Type.Integer(),
    atRisk: Type.Integer(),
    lost: Type.Integer(),
    switchedOff: Type.Integer(),
    new: Type.Integer(),
    returning: Type.Integer(),
    withoutPurchase: Type.Integer(),
  }),
  repeatRatePercent: NullableText,
  usualGapDays: Type.String(),
  valueAtRisk: Type.String({ description: `What clients at risk would normally bring in ${EXPECTED_DAYS} days` }),
  concentration: Type.Object({
    netSales: Type.String({ description: 'Of all clients' }),
    topTenPercent: NullableText,
    topTenthPercent: NullableText,
    withoutClientPercent: Nullable(Type.String(), { description: 'Of all net sales' }),
  }),
  advice: Type.Array(Type.String()),
  atRiskClients: Type.Array(
    Type.Object({
      ...NAMED_CLIENT,
      daysSince: Type.Integer(),
      rhythmDays: Type.String(),
      expectedNetSales: Type.String({ description: `Of the next ${EXPECTED_DAYS} days` }),
    }),
  ),
  topClients: Type.Array(Type.Object({ ...NAMED_CLIENT, status: Type.String() })),
  leftOut: Type.String({ description: 'What is not named, and where it is; empty if nothing' }),
  terms: Type.String(),
})
type Health = Static<typeof ClientHealthSchema>

/**
 * The result about clients, with the same content as text and as data.
 * @param asOf local day of the business
 * @param allSales net sales of the business, including those without a client
 */
export function presentClientHealth(
  found: ClientHealth,
  { asOf, allSales, business }: { asOf: string; allSales: Decimal; business: Currency & { timezone: string } },
): { text: string; data: Health } {
  const named = (row: RatedClient) => ({
    code: clean(row.code, NAME_LENGTH),
    name: clean(row.name, NAME_LENGTH),
    orders: row.orders,
    netSales: amountOf(row.net_sales, business),
    lastPurchase: row.last_day,
  })
  const health = {
    asOf,
    timezone: business.timezone,
    currency: business.currency,
    counts: {
      withPurchases: found.buyers,
      active: found.active,
      atRisk: found.at_risk,
      lost: found.lost,
      switchedOff: found.off,
      new: found.newcomers,
      returning: found.returning,
      withoutPurchase: found.without_purchase,
    },
    repeatRatePercent: sharePercent(found.repeaters, found.buyers),
    usualGapDays: found.usual_gap,
    valueAtRisk: amountOf(found.value_at_risk, business),
    concentration: {
      netSales: amountOf(found.net_sales, business),
      topTenPercent: sharePercent(found.top_ten, found.net_sales),
      topTenthPercent: sharePercent(found.top_tenth, found.net_sales),
      withoutClientPercent: sharePercent(allSales.minus(found.net_sales), allSales),
    },
    atRiskClients: found.most_at_risk.map((row) => ({
      ...named(row),
      daysSince: row.days_since,
      rhythmDays: row.rhythm,
      expectedNetSales: amountOf(row.expected, business),
    })),
    topClients: found.top.map((row) => ({ ...named(row), status: STATUS_WORDS[row.rating] })),
    leftOut: leftOut(found),
    terms: termsOf(found.usual_gap, business.timezone),
  }
  const data = { ...health, advice: clientAdvice(health, found) }
  return { text: describeClientHealth(data), data }
}

const STATUS_WORDS = { active: 'active', at_risk: 'at risk', lost: 'lost', off: 'switched off' } as const

/** What the lists do not name, and the tool that has it. */
function leftOut({ at_risk, most_at_risk, buyers, top, lost }: ClientHealth): string {
  const parts = [
    ...(at_risk > most_at_risk.length ? [`${counted(at_risk - most_at_risk.length, 'client')} at risk`] : []),
    ...(lost > 0 ? [counted(lost, 'lost client')] : []),
    ...(buyers > top.length ? [`${buyers - top.length} of those who have bought`] : []),
  ]
  if (parts.length === 0) return ''
  return `Not named below: ${parts.join(', ')}; list_clients has them by status (at_risk, lost, active, new, returning).`
}

function termsOf(usualGap: string, timezone: string): string {
  const { at_risk, ...others } = clientTerms(usualGap)
  const definitions = Object.entries({ ...others, 'at risk': at_risk }).map(([term, meaning]) => `${term}: ${meaning}`)
  return [
    'net sales: lifetime, without tax, less discounts and returns',
    ...definitions,
    'repeat rate: clients with 2 or more orders, of those with any',
    `what a client would normally bring: net sales a day since the first purchase × ${EXPECTED_DAYS}`,
    `days of ${timezone}`,
  ].join('; ')
}

/** At most three things to do, the most valuable first. */
function clientAdvice(health: Omit<Health, 'advice'>, { buyers, repeaters }: ClientHealth): string[] {
  const { atRiskClients, concentration, repeatRatePercent, currency } = health
  const { topTenPercent, withoutClientPercent } = concentration
  const things: string[] = []
  if (atRiskClients.length > 0) {
    const first = atRiskClients
      .slice(0, NAMED)
      .map(({ name, code, expectedNetSales }) => `${name} (${code}, ${formatAmount(expectedNetSales, currency)})`)
    things.push(`Get in touch with the most valuable clients at risk: ${first.join('; ')}.`)
  }
  if (buyers > TOP_CLIENTS && Number(topTenPercent ?? 0) >= CONCENTRATED) {
    things.push(`Look after the top ${TOP_CLIENTS}: they bring ${topTenPercent} % of what all clients bring.`)
  }
  if (Number(repeatRatePercent ?? 100) < FEW_REPEAT) {
    things.push(`Bring clients back a second time: ${buyers - repeaters} of ${buyers} have bought only once.`)
  }
  if (Number(withoutClientPercent ?? 0) >= MANY_WITHOUT_CLIENT) {
    things.push(`Note the client on more sales: ${withoutClientPercent} % of net sales are not linked to a client.`)
  }
  return things.slice(0, NAMED)
}

function describeClientHealth(health: Health): string {
  const { counts, concentration, currency, valueAtRisk, atRiskClients, topClients } = health
  const share = (value: string | null) => (value === null ? 'unknown' : `${value} %`)
  const linked =
    concentration.withoutClientPercent === null
      ? 'There are no sales yet.'
      : `${concentration.withoutClientPercent} % of net sales are not linked to a client.`
  if (counts.withPurchases === 0) {
    return `No client has bought yet; ${counted(counts.withoutPurchase, 'client')} ${counts.withoutPurchase === 1 ? 'is' : 'are'} on file (as of ${health.asOf}). ${linked}`
  }
  const lines = [
    `Of ${counted(counts.withPurchases, 'client')} who ${counts.withPurchases === 1 ? 'has' : 'have'} bought: ${counts.active} active, ${counts.atRisk} at risk, ` +
      `${counts.lost} lost, ${counts.switchedOff} switched off (as of ${health.asOf}). Clients at risk would normally ` +
      `bring ${formatAmount(valueAtRisk, currency)} without tax in the next ${EXPECTED_DAYS} days.`,
    ...(health.leftOut === '' ? [] : [health.leftOut]),
    `Returning ${counts.returning} · new ${counts.new} · repeat rate ${share(health.repeatRatePercent)} · without a ` +
      `purchase ${counts.withoutPurchase}.`,
    ...health.advice.map((thing, index) => `${index + 1}. ${thing}`),
  ]
  if (atRiskClients.length > 0) {
    lines.push(
      `At risk, by what they would normally bring (${atRiskClients.length} of ${counts.atRisk}), in ${currency}:`,
      table(
        ['client', 'code', 'orders', 'net sales', 'last purchase', 'days since', 'rhythm days', 'would bring'],
        atRiskClients.map((row) => [
          row.name,
          row.code,
          grouped(String(row.orders)),
          grouped(row.netSales),
          row.lastPurchase,
          row.daysSince,
          row.rhythmDays,
          grouped(row.expectedNetSales),
        ]),
      ),
    )
  }
  lines.push(
    `Top by lifetime net sales (${topClients.length} of ${counts.withPurchases}), in ${currency}:`,
    table(
      ['client', 'code', 'status', 'orders', 'net sales', 'last purchase'],
      topClients.map((row) => [
        row.name,
        row.code,
        row.status,
        grouped(String(row.orders)),
        grouped(row.netSales),
        row.lastPurchase,
      ]),
    ),
    `The top ${TOP_CLIENTS} clients bring ${share(concentration.topTenPercent)}, the top 10 % of clients ` +
      `${share(concentration.topTenthPercent)} of all clients' net sales ` +
      `(${formatAmount(concentration.netSales, currency)}). ${linked}`,
    `${health.terms}.`,
  )
  return lines.join('\n')
}
