import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { ImportContext } from './kind.ts'

/**
 * Rejects orders whose number the shop has already with another date, place or total: they are other orders (numbers
 * of another till, shop or year, or a return under the number of its sale), which would be lost if they were taken for
 * those that are there. An order that agrees on all three is the same one, so that a file can be loaded again.
 */
export async function rejectOthers(db: Transaction, { business, location }: ImportContext): Promise<void> {
  await sql`
    update import_line line set reason = found.reason
    from (
      select said.line, 'order ' || o.order_number || ' is there with another ' || array_to_string(differs.what, ' and ')
        || case when o.status = 'open' and said.status <> 'open' then ' (there it is open)' else
          ' (there ' || to_char(
            o.opened_at at time zone l.timezone, case when o.has_time then 'YYYY-MM-DD HH24:MI' else 'YYYY-MM-DD' end) || ', ' || l.name || ', '
            || round(o.total, ${business.currencyDigits}::integer) || ')' end
        || case when said.has_sale then '; if it is another order, tell them apart with --number-prefix'
          else '; a return needs a number of its own: load it with --number-prefix' end as reason
      from (
        select new.order_number, new.line, new.ordered_at, new.has_time, new.has_sale, coalesce(new.status, 'completed') as status,
          coalesce(new.location, ${location}::text) as location, new.of_lines + coalesce(new.tip, 0) as total,
          case when coalesce(new.status, 'completed') = 'completed' then new.refunded end as refunded
        from import_order new
        where not exists (
          select from import_line row where row.order_number = new.order_number and row.reason is not null)
      ) said
      join orders o on o.business_id = ${business.id}::uuid and o.order_number = said.order_number
      join location l on l.business_id = o.business_id and l.id = o.location_id
      cross join lateral (
        select coalesce(sum(r.total), 0) as total from order_refund r
        where r.business_id = o.business_id and r.order_id = o.id
      ) refunds
      cross join lateral (
        select array_remove(array[
          case when said.ordered_at not in (o.opened_at, coalesce(o.completed_at, o.opened_at)) and (
            said.has_time or o.has_time
            or (said.ordered_at at time zone l.timezone)::date <> (o.opened_at at time zone l.timezone)::date
          ) then 'date' end,
          case when lower(l.name) <> lower(said.location) then 'place' end,
          case when o.total <> said.total then 'total' end,
          case when coalesce(said.refunded, 0) > refunds.total then 'refund' end,
          case when o.status = 'open' and said.status <> 'open' then 'status' end], null)
      ) differs (what)
      where cardinality(differs.what) > 0
    ) found
    where found.line = line.line`.execute(db)
}
