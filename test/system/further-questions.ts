import { ANA, CAFE_NONO, LA_CEIBA, LUIS, MARCO } from '../../demo/data/directory.ts'
import type { Question } from './owners-questions.ts'

/** More of what people of a shop ask, in the form of the thirty questions. */
export function furtherQuestionsOn(): Question[] {
  const ana = { who: ANA, business: LA_CEIBA }
  const marco = { who: MARCO, business: CAFE_NONO }
  return [
    {
      question: 'Who gives the most refunds this month?',
      ...ana,
      calls: [['list_refunds', { preset: 'this_month', limit: 5 }]],
      sql: `select e.name, count(*), round(sum(f.total), 2) from one, order_refund f join employee e on e.id = f.refunded_by
        where f.business_id = business and (f.refunded_at at time zone zone)::date >= month group by 1`,
    },
    {
      question: '¿Quién anula más ventas, y por qué?',
      ...ana,
      calls: [['list_orders', { preset: 'this_month', status: 'cancelled', limit: 10 }]],
      sql: `(select e.name, count(*)::text, round(sum(o.total), 2)::text from one, orders o join employee e on e.id = o.cancelled_by
        where o.business_id = business and o.status = 'cancelled' and (opened_at at time zone zone)::date >= month group by 1)
        union all
        (select o.order_number, o.cancel_reason, e.name from one, orders o join employee e on e.id = o.cancelled_by
        where o.business_id = business and o.status = 'cancelled' order by opened_at desc, o.id desc limit 3)`,
    },
    {
      question: '¿Quién dio más descuentos este mes?',
      ...ana,
      calls: [['list_orders', { preset: 'this_month', discounted: true, sort: 'discount', limit: 5 }]],
      sql: `select e.name, count(*), round(sum(o.discounts), 2) from one, orders o join employee e on e.id = o.discounted_by
        where o.business_id = business and o.discounts > 0 and (opened_at at time zone zone)::date >= month group by 1`,
    },
    {
      question: 'How much did I buy from El Ñandú last month?',
      ...ana,
      calls: [
        [
          'list_inventory_movements',
          { supplier: 'Distribuidora El Ñandú', preset: 'last_month', reason: 'purchase', limit: 5 },
        ],
      ],
      sql: `select count(*), round(sum(quantity * unit_cost), 2) from one, inventory_movement m
        join supplier s on s.id = m.supplier_id and s.name = 'Distribuidora El Ñandú'
        where m.business_id = business and (m.created_at at time zone zone)::date >= month - interval '1 month'
          and (m.created_at at time zone zone)::date < month`,
    },
    {
      question: 'How has the purchase price of our best coffee changed?',
      ...ana,
      calls: [['list_inventory_movements', { product: 'CAF-001-1', reason: 'purchase', limit: 20 }]],
      sql: `select to_char(m.created_at at time zone zone, 'YYYY-MM-DD'), m.unit_cost::numeric(20, 2)
        from one, inventory_movement m join product_variant v on v.id = m.variant_id and v.sku = 'CAF-001-1'
        where m.business_id = business and m.reason = 'purchase' order by m.created_at desc limit 20`,
    },
    {
      question: 'What was damaged this quarter, and what was it worth?',
      ...ana,
      calls: [['list_inventory_movements', { preset: 'this_quarter', reason: 'damage', limit: 10 }]],
      sql: `select count(*), round(sum(quantity * v.cost), 2) from one, inventory_movement m
        join product_variant v on v.id = m.variant_id
        where m.business_id = business and m.reason = 'damage'
          and (m.created_at at time zone zone)::date >= date_trunc('quarter', today)`,
    },
    {
      question: '¿Cuánto vale el inventario de cada tienda y categoría?',
      ...ana,
      calls: [['get_inventory', { limit: 5 }]],
      sql: `select coalesce(l.name, c.name), round(sum(greatest(on_hand, 0) * v.cost), 2) from one, inventory i
        join product_variant v on v.id = i.variant_id and v.is_active
        join product p on p.id = v.product_id and p.is_active
        join location l on l.id = i.location_id join category c on c.id = p.category_id
        where i.business_id = business group by grouping sets ((l.id, l.name), (c.id, c.name))`,
    },
    {
      question: 'Who got how much in tips last week?',
      ...marco,
      calls: [
        [
          'get_sales_report',
          { businessId: CAFE_NONO.id, preset: 'last_week', groupBy: ['employee'], measures: ['tips', 'orders'] },
        ],
      ],
      sql: `select e.name, sum(tips)::numeric(20, 2), sum(orders) from one, (
          select sold_by, day, tips, 1 as orders from sale
          union all
          select o.sold_by, (f.refunded_at at time zone zone)::date, -f.tips, 0 from one
            join order_refund f on f.business_id = business join orders o on o.id = f.order_id) x
        join employee e on e.id = sold_by
        where day between date_trunc('week', today) - interval '7 days' and date_trunc('week', today) - interval '1 day'
        group by 1`,
    },
    {
      question: '¿Cuántos pedidos son para llevar y cuántos en el local?',
      ...marco,
      calls: [['get_sales_report', { businessId: CAFE_NONO.id, preset: 'last_month', groupBy: ['order_type'] }]],
      sql: `select order_type, count(*) from sale, one
        where day >= month - interval '1 month' and day < month group by 1`,
    },
    {
      question: '¿Cuánto vendí yo esta semana, y con cuánto descuento? (a cashier)',
      who: LUIS,
      business: LA_CEIBA,
      calls: [['list_orders', { preset: 'this_week', status: 'completed', limit: 5 }]],
      sql: `select count(*), round(sum(gross_sales - discounts), 2), round(sum(discounts), 2)
        from one, sale s join employee e on e.id = s.sold_by and e.user_id = '${LUIS.id}'
        where day >= date_trunc('week', today)`,
    },
  ]
}
