import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import type { Days } from '../../time/window.ts'
import { SALES_SUMS } from './sales-figures.ts'

/** One location's sums, by local days of its own time zone; decimal strings. */
export type LocationSales = Awaited<ReturnType<typeof salesByLocation>>[number]

/**
 * Sales of each location by its own time zone, highest net sales first, from the rollups: every active location, and
 * inactive ones that sold in either window.
 * @param before a second window, whose net sales are added
 */
export function salesByLocation(db: Transaction, businessId: string, days: Days, before: Days | undefined) {
  const eb = expressionBuilder<{ r: DB['sales_daily'] }, 'r'>()
  const isNow = eb.between('r.day', days.from, days.to)
  const isBefore = before === undefined ? eb.lit(false) : eb.between('r.day', before.from, before.to)
  const sum = (name: (typeof SALES_SUMS)[number] | 'net_sales', condition: Expression<SqlBool>) =>
    eb.fn.coalesce(eb.fn.sum<string>(`r.${name}`).filterWhere(condition), sql.lit('0'))
  return db
    .selectFrom('location as l')
    .leftJoin('sales_daily as r', (join) =>
      join
        .onRef('r.business_id', '=', 'l.business_id')
        .onRef('r.location_id', '=', 'l.id')
        .on('r.basis', '=', 'location')
        .on(eb.or([isNow, isBefore])),
    )
    .select(['l.id', 'l.name', 'l.timezone', 'l.is_active', sum('net_sales', isBefore).as('net_sales_before')])
    .select(SALES_SUMS.map((name) => sum(name, isNow).as(name)))
    .where('l.business_id', '=', businessId)
    .groupBy(['l.business_id', 'l.id'])
    .having(({ eb, fn, or, ref }) =>
      or([ref('l.is_active'), eb(fn.sum(eb('r.orders', '+', ref('r.refunds'))), '>', 0)]),
    )
    .orderBy(sum('net_sales', isNow), 'desc')
    .orderBy('l.name')
    .orderBy('l.id')
    .execute()
}
