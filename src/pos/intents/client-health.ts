import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { type ClientRating, hasStatus, ratedClients, USUAL_GAP_DAYS } from '../clients/client-status.ts'

/** The constants of the figures; results state them in words. */
export const EXPECTED_DAYS = 90
export const TOP_CLIENTS = 10

export interface RatedClient {
  code: string
  name: string
  rating: NonNullable<ClientRating['rating']>
  orders: number
  net_sales: string
  last_day: string
  days_since: number
  /** Days between purchases, with one digit; of the shop's other clients if this one has no rhythm. */
  rhythm: string
  /** Expected net sales of the next `EXPECTED_DAYS` days. */
  expected: string
}

export interface ClientHealth {
  /** Clients with at least one purchase: active + at_risk + lost + off. */
  buyers: number
  active: number
  at_risk: number
  lost: number
  off: number
  /** Switched on, and bought for the first time lately. */
  newcomers: number
  /** Active with at least two orders. */
  returning: number
  /** At least two orders, whatever the status. */
  repeaters: number
  /** Switched-on clients without any purchase. */
  without_purchase: number
  /** The rhythm of clients without one: the median of the others, in days with one digit. */
  usual_gap: string
  /** Net sales of all clients, of the top ten buyers, and of the top tenth of the buyers. */
  net_sales: string
  top_ten: string
  top_tenth: string
  value_at_risk: string
  /** The top clients by net sales. */
  top: RatedClient[]
  /** The clients at risk with the highest expected net sales. */
  most_at_risk: RatedClient[]
}

/**
 * Counts the clients by status, and sums what they bring.
 * @param today local day of the business
 * @param listed how many clients to name, both at the top and at risk
 */
export async function clientHealth(
  db: Transaction,
  business: { id: string; timezone: string; currencyDigits: number },
  today: string,
  listed: number,
): Promise<ClientHealth> {
  const { id, currencyDigits } = business
  // Net sales per day since the first purchase, including that day and today.
  const expected = sql`(greatest(r.net_sales, 0) * ${EXPECTED_DAYS} / greatest(${today}::date - r.first_day + 1, 1))`
  const firstBy = (order: ReturnType<typeof sql>, condition: ReturnType<typeof sql>) => sql`(
    select coalesce(json_agg(n), '[]') from (
      select c.code, c.name, r.rating, r.orders, r.net_sales::text, r.last_day::text, r.days_since,
        round(r.span / r.gaps, 1)::text as rhythm,
        round(${expected}, ${currencyDigits}::integer)::text as expected
      from (select * from buyer r where ${condition} order by ${order} desc, r.id limit ${listed}) r
      join customer c on c.business_id = ${id} and c.id = r.id
      order by ${order} desc, r.id
    ) n)`
  const topSum = (limit: ReturnType<typeof sql>) => sql`(
    select coalesce(sum(net_sales), 0)::text from (select net_sales from buyer order by net_sales desc limit ${limit}) t)`
  const { rows } = await sql<ClientHealth>`
    with rated as materialized (select * from ${ratedClients(business, today)} r),
    buyer as materialized (select * from rated where orders > 0)
    select count(*)::integer as buyers,
      count(*) filter (where ${hasStatus('active', 'r', today)})::integer as active,
      count(*) filter (where ${hasStatus('at_risk', 'r', today)})::integer as at_risk,
      count(*) filter (where ${hasStatus('lost', 'r', today)})::integer as lost,
      count(*) filter (where not is_active)::integer as off,
      count(*) filter (where ${hasStatus('new', 'r', today)})::integer as newcomers,
      count(*) filter (where ${hasStatus('returning', 'r', today)})::integer as returning,
      count(*) filter (where orders >= 2)::integer as repeaters,
      (select count(*)::integer from rated where orders = 0 and is_active) as without_purchase,
      (select coalesce(min(usual_gap), round(${USUAL_GAP_DAYS}::numeric, 1))::text from rated) as usual_gap,
      (select coalesce(sum(net_sales), 0)::text from rated) as net_sales,
      ${topSum(sql`${TOP_CLIENTS}`)} as top_ten,
      ${topSum(sql`(select (count(*) + 9) / 10 from buyer)`)} as top_tenth,
      round(coalesce(sum(${expected}) filter (where ${hasStatus('at_risk', 'r', today)}), 0), ${currencyDigits}::integer)::text
        as value_at_risk,
      ${firstBy(sql`r.net_sales`, sql`true`)} as top,
      ${firstBy(expected, hasStatus('at_risk', 'r', today))} as most_at_risk
    from buyer r`.execute(db)
  const [health] = rows
  if (health === undefined) throw new Error('an aggregate gives one row')
  return health
}
