/**
 * The status of a client: how the last purchase compares with the client's own rhythm. It is one rule for every tool
 * that counts or lists clients by status.
 */

import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { counted } from '../../results/counted.ts'

/** What clients can be asked for by. "new" and "returning" overlap with the others, which exclude each other. */
export const CLIENT_STATUSES = ['new', 'active', 'returning', 'at_risk', 'lost'] as const
export type ClientStatus = (typeof CLIENT_STATUSES)[number]

/** First purchase within so many local days: a new client. */
const NEW_DAYS = 30
/** So many purchases make a rhythm. */
const RHYTHM_PURCHASES = 3
/** Nobody is at risk before so many days without a purchase, nor lost before twice as many. */
const AT_RISK_DAYS = 14
/** The usual rhythm if no client of the business has one. */
export const USUAL_GAP_DAYS = 30

/** A row of `ratedClients`. Days are local days of the business; amounts and gaps are decimals. */
export interface ClientRating {
  id: string
  is_active: boolean
  orders: number
  net_sales: string
  /** Null without a purchase, as are the next ones. */
  first_day: string | null
  last_day: string | null
  days_since: number | null
  /** The rhythm is `span / gaps` days: as a fraction, so that nobody crosses a boundary by a rounding error. */
  span: string | null
  gaps: number | null
  /** "off" is a client with purchases who is switched off; null is one without a purchase. */
  rating: 'active' | 'at_risk' | 'lost' | 'off' | null
  /** The rhythm of those who have none: the median of the others, with one digit. */
  usual_gap: string
}

/**
 * All clients of a business with their rating, as a table for `from` or a join. It reads one row per client.
 * @param today local day of the business
 */
export function ratedClients(business: { id: string; timezone: string }, today: string): RawBuilder<ClientRating> {
  const { id, timezone } = business
  return sql<ClientRating>`(
    with known as materialized (
      select c.id, c.is_active, coalesce(s.orders, 0)::integer as orders, coalesce(s.net_sales, 0) as net_sales,
        (s.first_at at time zone ${timezone})::date as first_day, (s.last_at at time zone ${timezone})::date as last_day
      from customer c left join customer_sales s on s.business_id = c.business_id and s.customer_id = c.id
      where c.business_id = ${id}
    ),
    usual as (
      -- The mean of the two in the middle: percentile_cont would make a float of it.
      select greatest(1.0, coalesce(round((percentile_disc(0.5) within group (order by gap)
        + percentile_disc(0.5) within group (order by gap desc)) / 2, 1), round(${USUAL_GAP_DAYS}::numeric, 1))) as gap
      from (
        select (last_day - first_day)::numeric / (orders - 1) as gap
        from known where orders >= ${RHYTHM_PURCHASES}::integer
      ) gaps
    )
    select r.*,
      case
        when orders = 0 then null
        when not is_active then 'off'
        when days_since >= ${2 * AT_RISK_DAYS}::integer and days_since * gaps > span * 3 then 'lost'
        when has_rhythm and days_since >= ${AT_RISK_DAYS}::integer and days_since * gaps * 2 > span * 3 then 'at_risk'
        else 'active'
      end as rating
    from (
      select k.*, u.gap as usual_gap, ${today}::date - k.last_day as days_since,
        k.orders >= ${RHYTHM_PURCHASES}::integer as has_rhythm,
        case when k.orders >= ${RHYTHM_PURCHASES}::integer
          then greatest(k.last_day - k.first_day, k.orders - 1)::numeric when k.orders > 0 then u.gap end as span,
        case when k.orders >= ${RHYTHM_PURCHASES}::integer then k.orders - 1 when k.orders > 0 then 1 end as gaps
      from known k cross join usual u
    ) r
  )`
}

/**
 * Whether a row of `ratedClients` has a status. Switched-off clients have none.
 * @param rated the alias of the row
 * @param today local day of the business
 */
export function hasStatus(status: ClientStatus, rated: string, today: string): RawBuilder<SqlBool> {
  const column = (name: string) => sql.ref(`${rated}.${name}`)
  switch (status) {
    case 'new':
      return sql<SqlBool>`(${column('is_active')} and ${column('first_day')} > ${today}::date - ${NEW_DAYS}::integer)`
    case 'returning':
      return sql<SqlBool>`(${column('rating')} = 'active' and ${column('orders')} >= 2)`
    default:
      return sql<SqlBool>`(${column('rating')} = ${status})`
  }
}

/**
 * The definitions for people and models.
 * @param usualGap the usual rhythm of the business, in days
 */
export function clientTerms(usualGap: string): Record<ClientStatus | 'rhythm', string> {
  return {
    rhythm:
      `mean days between a client's purchases, from ${RHYTHM_PURCHASES} purchases on; for fewer the median of the ` +
      `others, ${counted(usualGap, 'day')}`,
    active: 'not at risk, lost or switched off',
    new: `first purchase in the last ${NEW_DAYS} days`,
    returning: 'active with 2 or more orders',
    at_risk:
      `${RHYTHM_PURCHASES} or more purchases, none for more than 1.5 rhythms and at least ${AT_RISK_DAYS} days, but ` +
      'not lost',
    lost: `no purchase for more than 3 rhythms and at least ${2 * AT_RISK_DAYS} days`,
  }
}
