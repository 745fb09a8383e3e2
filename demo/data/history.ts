import type { Insertable } from 'kysely'
import type { OrderItem, OrderPayment, OrderRefund, OrderRefundLine, Orders } from '../../src/database/types.ts'
import type { Calendar, Window } from './calendar.ts'
import type { SoldVariant } from './catalogue.ts'
import type { Regular } from './customers.ts'
import { createTill, REFUND_DAYS } from './sales.ts'
import type { Shop } from './shops.ts'

/** Sales of some days, for one statement per table. */
export interface Chapter {
  /** How many days it covers. */
  days: number
  orders: Insertable<Orders>[]
  items: Insertable<OrderItem>[]
  payments: Insertable<OrderPayment>[]
  refunds: Insertable<OrderRefund>[]
  refundLines: Insertable<OrderRefundLine>[]
}

/**
 * What happened in a window: its new orders with their lines and payments, and refunds of these and of earlier orders.
 * @param daysPerChapter changes only the size of the chapters, not their content
 */
export function* history(
  shop: Shop,
  calendar: Calendar,
  variants: readonly SoldVariant[],
  people: readonly Regular[],
  window: Window,
  scale: number,
  daysPerChapter: number,
): Generator<Chapter> {
  const tills = shop.business.locations.map((location) =>
    createTill(shop, calendar, location, variants, people, window, scale),
  )
  const lastDay = calendar.indexOf(window.until)
  const firstDay = Math.max(calendar.indexOf(window.after) - REFUND_DAYS, 0)
  let chapter = emptyChapter()
  for (let index = firstDay; index <= lastDay; index++) {
    for (const sale of tills.flatMap((salesOf) => salesOf(calendar.day(index)))) {
      if (sale.isNew) {
        chapter.orders.push(sale.order)
        chapter.items.push(...sale.items)
        chapter.payments.push(...sale.payments)
      }
      if (sale.refund) {
        chapter.refunds.push(sale.refund.refund)
        chapter.refundLines.push(...sale.refund.lines)
      }
    }
    chapter.days++
    if (chapter.days === daysPerChapter || index === lastDay) {
      yield chapter
      chapter = emptyChapter()
    }
  }
}

function emptyChapter(): Chapter {
  return { days: 0, orders: [], items: [], payments: [], refunds: [], refundLines: [] }
}
