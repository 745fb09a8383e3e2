import { type Static, Type } from '@sinclair/typebox'
import { type Currency, type Decimal, formatMoney, MoneySchema, money } from '../../money/money.ts'
import { sharePercent } from '../../money/share.ts'
import { Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { clean } from '../../results/text.ts'
import { type ClientHealth, EXPECTED_DAYS, NEW_DAYS, type RatedClient, TOP_CLIENTS } from './client-health.ts'

/** How many clients each list names. */
export const LISTED = 5
const NAMED = 3
const NAME_LENGTH = 40

// The percentages from which a figure deserves advice.
const MANY_WITHOUT_CLIENT = 30
const FEW_REPEAT = 50
const CONCENTRATED = 50

const RatedClientSchema = Type.Object({
  id: Type.String(),
  code: Type.String(),
  name: Type.String(),
  status: Type.String(),
  orders: Type.Integer(),
  netSales: Type.String(),
  lastPurchase: Type.String(),
  daysSince: Type.Integer(),
  rhythmDays: Type.String(),
  expectedNetSales: Type.String({ description: `Of the next ${EXPECTED_DAYS} days` }),
})

export const ClientHealthSchema = Type.Object({
  asOf: Type.String(),
  timezone: Type.String(),
  currency: Type.String(),
  worthDoing: Type.Array(Type.String()),
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
  valueAtRisk: MoneySchema,
  concentration: Type.Object({
    netSales: Type.String({ description: 'Of all clients' }),
    topTenPercent: NullableText,
    topTenthPercent: NullableText,
    withoutClientPercent: Nullable(Type.String(), { description: 'Of all net sales' }),
  }),
  topClients: Type.Array(RatedClientSchema),
  atRiskClients: Type.Array(RatedClientSchema),
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
  const rated = (row: RatedClient) => ({
    id: row.id,
    code: clean(row.code, NAME_LENGTH),
    name: clean(row.name, NAME_LENGTH),
    status: row.status,
    orders: row.orders,
    netSales: money(row.net_sales, business).amount,
    lastPurchase: row.last_day,
    daysSince: row.days_since,
    rhythmDays: row.rhythm,
    expectedNetSales: money(row.expected, business).amount,
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
    valueAtRisk: money(found.value_at_risk, business),
    concentration: {
      netSales: money(found.net_sales, business).amount,
      topTenPercent: sharePercent(found.top_ten, found.net_sales),
      topTenthPercent: sharePercent(found.top_tenth, found.net_sales),
      withoutClientPercent: sharePercent(allSales.minus(found.net_sales), allSales),
    },
    topClients: found.top.map(rated),
    atRiskClients: found.most_at_risk.map(rated),
  }
  const data = { ...health, worthDoing: clientAdvice(health, found) }
  return { text: describeClientHealth(data), data }
}

/** At most three things worth doing, the most valuable first. */
function clientAdvice(health: Omit<Health, 'worthDoing'>, { buyers, repeaters }: ClientHealth): string[] {
  const { atRiskClients, concentration, repeatRatePercent, currency } = health
  const { topTenPercent, withoutClientPercent } = concentration
  const things: string[] = []
  if (atRiskClients.length > 0) {
    const first = atRiskClients
      .slice(0, NAMED)
      .map(({ name, id, expectedNetSales }) => `${name} (${id}, ${currency} ${expectedNetSales})`)
    things.push(`Get in touch with the most valuable clients at risk: ${first.join('; ')}.`)
  }
  if (buyers > TOP_CLIENTS && Number(topTenPercent ?? 0) >= CONCENTRATED) {
    things.push(`Look after the top ${TOP_CLIENTS}: ${topTenPercent} % of what clients bring hangs on them.`)
  }
  if (Number(repeatRatePercent ?? 100) < FEW_REPEAT) {
    things.push(`Bring clients back a second time: ${buyers - repeaters} of ${buyers} have bought only once.`)
  }
  if (Number(withoutClientPercent ?? 0) >= MANY_WITHOUT_CLIENT) {
    things.push(`Note the client on more sales: ${withoutClientPercent} % of net sales name none.`)
  }
  return things.slice(0, NAMED)
}

function describeClientHealth(health: Health): string {
  const { counts, concentration, currency, valueAtRisk, atRiskClients, topClients } = health
  const share = (value: string | null) => (value === null ? 'none' : `${value} %`)
  if (counts.withPurchases === 0) {
    return `No client has bought yet; ${counts.withoutPurchase} clients are on file. Share of net sales without a client: ${share(concentration.withoutClientPercent)}.`
  }
  const lines = [
    `Of ${counts.withPurchases} clients who have bought, ${counts.active} are active, ${counts.atRisk} at risk and ` +
      `${counts.lost} lost; ${formatMoney(valueAtRisk)} of the next ${EXPECTED_DAYS} days is at risk (as of ${health.asOf}).`,
    `Returning ${counts.returning} · new ${counts.new} · repeat rate ${share(health.repeatRatePercent)} · without purchase ` +
      `${counts.withoutPurchase} · switched off ${counts.switchedOff}`,
    health.worthDoing.length === 0
      ? 'Nothing stands out that needs doing.'
      : `Worth doing:\n${health.worthDoing.map((thing, index) => `${index + 1}. ${thing}`).join('\n')}`,
  ]
  if (atRiskClients.length > 0) {
    lines.push(
      `At risk, most expected first (${atRiskClients.length} of ${counts.atRisk}):`,
      table(
        ['client', 'days since', 'rhythm', `expected ${currency}`, 'id'],
        atRiskClients.map((row) => [row.name, row.daysSince, row.rhythmDays, row.expectedNetSales, row.id]),
      ),
    )
  }
  lines.push(
    `Top by lifetime net sales (${topClients.length} of ${counts.withPurchases}):`,
    table(
      ['client', 'status', 'orders', `net ${currency}`, 'id'],
      topClients.map((row) => [row.name, row.status, row.orders, row.netSales, row.id]),
    ),
    `Concentration: top ${TOP_CLIENTS} clients ${share(concentration.topTenPercent)}, top 10 % of clients ` +
      `${share(concentration.topTenthPercent)} of the clients' net sales (${currency} ${concentration.netSales}); sales ` +
      `without a client are ${share(concentration.withoutClientPercent)} of all net sales. All lifetime.`,
    `Definitions, in days of ${health.timezone}: rhythm = mean gap between a client's purchases, at least 1 day (with one ` +
      `purchase: the median gap of the others, here ${health.usualGapDays}); active = last purchase within 1.5 rhythms, at risk ` +
      `within 3, lost beyond; new = first purchase in the last ${NEW_DAYS} days; returning = active with 2 or more orders; repeat rate = ` +
      `clients with 2 or more orders of those with any; at risk in money = net sales per day since the first purchase × ${EXPECTED_DAYS}. ` +
      `Left out: all but ${LISTED} clients per list (list_clients has them); switched-off clients are in no status.`,
  )
  return lines.join('\n')
}
