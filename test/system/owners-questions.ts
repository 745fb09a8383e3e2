import {
  ANA,
  CAFE_NONO,
  type DemoBusiness,
  type DemoUser,
  ESTUDIO_QUETZAL,
  HUDSON,
  LA_CEIBA,
  LUIS,
  MARCO,
  SOFIA,
} from '../../demo/data/directory.ts'
import { addDays, addMonths, monthStart, weekStart } from '../../src/time/local.ts'

/** What shop owners ask, how an assistant would ask it of the tools, and what must be in the answer. */
export interface Question {
  question: string
  who: DemoUser
  business: DemoBusiness
  /** In the order in which an assistant makes them. */
  calls: [tool: string, args: Record<string, unknown>][]
  /**
   * The right answer from the raw rows, after `RAW`: each cell of each row must be in the answer, in both halves.
   * Amounts are rounded to cents; of texts with bars between them, a half has one.
   */
  sql: string
  /** What the service does not know. Absent: the question is answered. */
  missing?: { state: 'partly' | 'not'; what: string }
}

/**
 * Begins each query: `one` has the business, its zone, now, today, and what a year before is for this month: its first
 * days are compared with the same weekdays; `sale` every completed order; `line` the lines of
 * sales and refunds, of which net sales, tax and quantity add up.
 */
export const RAW = `with one as (
  select *, now at time zone zone as clock, (now at time zone zone)::date as today,
    date_trunc('month', now at time zone zone)::date as month,
    case when extract(day from now at time zone zone) <= 7 then interval '52 weeks' else interval '1 year' end as a_year
  from (select $1::uuid as business, $2::text as zone, $3::timestamptz as now) x),
sale as (
  select o.*, o.completed_at at time zone zone as at, (o.completed_at at time zone zone)::date as day
  from orders o, one where o.business_id = business and o.status = 'completed'),
line as (
  select s.id as sale, s.at, s.day, s.location_id, s.sold_by, i.product_id, i.tax_rate,
    i.gross_sales - i.discount as net, i.tax, i.gross_sales - i.discount - i.quantity * i.unit_cost as margin
  from sale s join order_item i on i.business_id = s.business_id and i.order_id = s.id
  union all
  select null, f.refunded_at at time zone zone, (f.refunded_at at time zone zone)::date, f.location_id, o.sold_by,
    r.product_id, i.tax_rate, -r.returns, -r.tax, null
  from one
  join order_refund f on f.business_id = business
  join orders o on o.business_id = business and o.id = f.order_id
  join order_refund_line r on r.business_id = business and r.refund_id = f.id
  join order_item i on i.business_id = business and i.order_id = r.order_id and i.line_number = r.line_number)
`

const NET = 'round(sum(net), 2)'

/**
 * @param today the local day of the run
 * @returns the questions, with the dates of that day
 */
export function questionsOn(today: string): Question[] {
  const yesterday = addDays(today, -1)
  const monday = weekStart(today)
  // The last one before today: a Tuesday itself is not meant.
  const lastTuesday = [1, 2, 3, 4, 5, 6, 7].map((days) => addDays(today, -days)).find(isTuesday) as string
  const weeks = [21, 14, 7].map((days) => addDays(monday, -days))
  const ana = { who: ANA, business: LA_CEIBA }
  const marco = { who: MARCO, business: CAFE_NONO }
  const sofia = { who: SOFIA, business: ESTUDIO_QUETZAL }
  return [
    {
      question: 'How much have we sold so far today?',
      ...ana,
      calls: [['summarize_day', {}]],
      sql: `select ${NET}, count(distinct sale) from line, one where day = today`,
    },
    {
      question: 'Is today better or worse than last week at this hour?',
      ...marco,
      calls: [['summarize_day', {}]],
      sql: `select round(sum(net) filter (where day = today), 2),
        round(sum(net) filter (where day = today - 7 and at < clock - interval '7 days'), 2) from line, one`,
    },
    {
      question: 'Compare this month with the same month last year.',
      ...ana,
      calls: [['get_sales_report', { preset: 'this_month', groupBy: ['month'], compare: 'year' }]],
      sql: `select round(sum(net) filter (where day >= month), 2),
        round(sum(net) filter (where at >= month - a_year and at < clock - a_year), 2)
        from line, one`,
    },
    {
      question: 'Why was last Tuesday as it was?',
      ...marco,
      calls: [
        ['summarize_day', { date: lastTuesday }],
        ['get_sales_report', { from: lastTuesday, to: lastTuesday, groupBy: ['category'], compare: 'previous' }],
      ],
      sql: `select c.name, round(sum(net) filter (where day = '${lastTuesday}'), 2),
        round(sum(net) filter (where day = date '${lastTuesday}' - 7), 2)
        from line join product p on p.id = product_id join category c on c.id = p.category_id
        where day in ('${lastTuesday}', date '${lastTuesday}' - 7) group by rollup (1)`,
    },
    {
      question: 'How much do we sell between 5 and 8 pm on weekdays?',
      ...marco,
      calls: [
        [
          'get_sales_report',
          {
            from: addDays(today, -28),
            to: yesterday,
            groupBy: ['weekday'],
            filters: ['hour=17-20', 'weekday=Mon-Fri'],
          },
        ],
      ],
      sql: `select ${NET} from line, one where day between today - 28 and today - 1
        and extract(hour from at) between 17 and 19 and extract(isodow from at) < 6`,
    },
    {
      question: 'Which shop sold more this month?',
      ...ana,
      calls: [['get_sales_report', { preset: 'this_month', groupBy: ['location'] }]],
      sql: `select l.name, ${NET}, count(distinct sale)
        from one, line join location l on l.id = location_id where day >= month group by 1`,
    },
    {
      question: 'Sales by category and week, the last weeks',
      ...ana,
      calls: [
        [
          'get_sales_report',
          { from: weeks[0], to: addDays(monday, -1), groupBy: ['category', 'week'], measures: ['net_sales'] },
        ],
      ],
      sql: `select c.name, ${NET}, ${weeks.map((from) => `round(sum(net) filter (where day between '${from}' and date '${from}' + 6), 2)`).join(', ')}
        from line join product p on p.id = product_id join category c on c.id = p.category_id
        where day between '${weeks[0]}' and date '${monday}' - 1 group by 1`,
    },
    {
      question: 'What do people buy together with a cortado?',
      ...marco,
      calls: [['get_bought_together', { product: 'Café cortado', preset: 'last_90_days' }]],
      sql: `select p.name, count(distinct a.sale) from one, line a join line b on b.sale = a.sale and b.product_id <> a.product_id
        join product c on c.id = a.product_id and c.name = 'Café cortado' join product p on p.id = b.product_id
        where a.day > today - 90 and not exists (select from product_variant v where v.product_id = p.id offset 1)
        group by 1 order by 2 desc limit 3`,
    },
    {
      question: '¿Qué productos no se han vendido en los últimos 60 días?',
      ...ana,
      calls: [['get_products', { notSoldDays: 60 }]],
      sql: `select v.sku from product_variant v join product p on p.id = v.product_id, one
        where v.business_id = business and v.is_active and p.is_active and not exists (
          select from order_item i join sale s on s.id = i.order_id where i.variant_id = v.id and s.day > today - 60)`,
    },
    {
      question: 'What should I order from Distribuidora El Ñandú?',
      ...ana,
      calls: [['get_reorder_list', { supplier: 'Distribuidora El Ñandú' }]],
      sql: `select v.sku from one, inventory i join product_variant v on v.id = i.variant_id and v.is_active
        join product p on p.id = v.product_id and p.is_active join supplier s on s.id = p.supplier_id
        where i.business_id = business and s.name = 'Distribuidora El Ñandú' and i.on_hand <= i.reorder_point`,
    },
    {
      question: '¿Cuánto vale mi inventario al costo?',
      ...ana,
      calls: [['get_inventory_health', {}]],
      sql: `select round(sum(greatest(on_hand, 0) * v.cost), 2) from one, inventory i
        join product_variant v on v.id = i.variant_id and v.is_active
        join product p on p.id = v.product_id and p.is_active where i.business_id = business`,
    },
    {
      question: 'How much profit did I make last month, after rent and wages?',
      ...ana,
      calls: [['get_sales_report', { preset: 'last_month', groupBy: ['month'], measures: ['net_sales', 'margin'] }]],
      sql: `select ${NET} from line, one where day >= month - interval '1 month' and day < month`,
      missing: { state: 'partly', what: 'rent, wages and other expenses are not on file; the margin is' },
    },
    {
      question: 'Tax collected by rate for my accountant, last quarter',
      ...marco,
      calls: [['get_tax_report', { preset: 'last_quarter' }]],
      sql: `select ${NET}, round(sum(tax), 2) from line, one
        where day >= date_trunc('quarter', today) - interval '3 months' and day < date_trunc('quarter', today)
        group by rollup (tax_rate)`,
    },
    {
      question: 'Which refunds look suspicious this month, and who gave them?',
      ...ana,
      calls: [
        ['list_refunds', { preset: 'this_month', sort: 'largest' }],
        ['get_sales_report', { preset: 'this_month', groupBy: ['employee'], measures: ['refunds', 'returns'] }],
      ],
      sql: `select o.order_number, e.name, round(f.total, 2), f.reason, (count(*) over ())::text,
        round(sum(f.total) over (), 2) from one, order_refund f join orders o on o.id = f.order_id
        join employee e on e.id = f.refunded_by
        where f.business_id = business and (f.refunded_at at time zone zone)::date >= month
        order by f.total desc limit 8`,
    },
    {
      question: '¿Quién es mi mejor empleado este mes?',
      ...ana,
      calls: [['get_sales_report', { preset: 'this_month', groupBy: ['employee'], sort: 'net_sales' }]],
      sql: `select e.name, ${NET}, count(distinct sale) from one, line join employee e on e.id = sold_by
        where day >= month group by 1`,
    },
    {
      question: '¿Cuánto vendí yo hoy? (a cashier)',
      who: LUIS,
      business: LA_CEIBA,
      calls: [['list_orders', { preset: 'today', status: 'completed' }]],
      sql: `select count(*), round(sum(gross_sales - discounts), 2) from one, orders o
        join employee e on e.id = o.sold_by and e.user_id = '${LUIS.id}'
        where o.business_id = business and status = 'completed' and (opened_at at time zone zone)::date = today`,
    },
    {
      question: 'How much cash should there be in each drawer after yesterday?',
      ...ana,
      calls: [['get_sales_report', { preset: 'yesterday', groupBy: ['location', 'payment_method'] }]],
      sql: `select l.name, round(sum(amount), 2) from one, (
          select location_id, p.amount, day from sale s
            join order_payment p on p.order_id = s.id and p.method = 'cash'
          union all
          select location_id, -total, (refunded_at at time zone zone)::date from one
            join order_refund f on f.business_id = business and f.method = 'cash') x
        join location l on l.id = location_id where day = today - 1 group by 1`,
    },
    {
      question: '¿Qué clientes me deben y desde cuándo?',
      ...ana,
      calls: [['list_orders', { status: 'open', sort: 'oldest', limit: 100 }]],
      sql: `select o.order_number, c.name, to_char(opened_at at time zone zone, 'YYYY-MM-DD HH24:MI'), round(total, 2),
        (select count(*) from orders where business_id = business and status = 'open'),
        (select round(sum(total), 2) from orders where business_id = business and status = 'open')
        from one, orders o left join customer c on c.id = o.customer_id
        where o.business_id = business and o.status = 'open'`,
    },
    {
      question: 'Which clients have not come back in 90 days?',
      ...ana,
      calls: [['list_clients', { lastPurchaseBefore: addDays(today, -90), sort: 'net_sales' }]],
      sql: `select * from (
          select c.name, max(day)::text, round(sum(s.net_sales) - coalesce((select sum(f.returns) from order_refund f
              join orders o on o.id = f.order_id and o.customer_id = c.id), 0), 2), count(*) over ()
            from one, sale s join customer c on c.id = s.customer_id
            group by c.id, c.name, today having max(day) < today - 90) x
        order by 3 desc limit 10`,
    },
    {
      question: 'How many new clients this month?',
      ...ana,
      calls: [['summarize_period', { preset: 'this_month' }]],
      sql: `select count(*) || ' new|"new":' || count(*) from (
        select from one, sale where customer_id is not null group by customer_id, month having min(day) >= month) x`,
    },
    {
      question: 'Switch to my second business and give me the sales of yesterday',
      who: MARCO,
      business: HUDSON,
      calls: [
        ['set_active_business', { businessId: HUDSON.id }],
        ['summarize_day', { date: yesterday }],
      ],
      sql: `select ${NET}, round(sum(tax), 2), count(distinct sale) from line, one where day = today - 1`,
    },
    {
      question: 'What was the biggest sale this month?',
      ...ana,
      calls: [['list_orders', { preset: 'this_month', status: 'completed', sort: 'largest', limit: 3 }]],
      sql: `select order_number, total::numeric(20, 2) from sale, one where day >= month order by total desc limit 1`,
    },
    {
      question: 'What was our best day ever?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          { from: addDays(today, -1000), groupBy: ['day'], measures: ['net_sales'], sort: 'net_sales', limit: 5 },
        ],
      ],
      sql: `select day::text, ${NET} from line group by 1 order by sum(net) desc limit 5`,
    },
    {
      question: 'Are there products priced below cost?',
      ...ana,
      calls: [['get_products', { cost: 'above_price' }]],
      sql: `select v.sku from one, product_variant v join product p on p.id = v.product_id
        where v.business_id = business and v.is_active and p.is_active and v.price / 1.12 < v.cost`,
    },
    {
      question: 'When did I last buy Frijol negro, how many and at what price?',
      ...ana,
      calls: [
        ['get_products', { search: 'Frijol negro' }],
        ['list_inventory_movements', { product: 'ABA-001', reason: 'purchase', limit: 2 }],
      ],
      sql: `select to_char(m.created_at at time zone zone, 'YYYY-MM-DD'), m.quantity::float8::text,
          m.unit_cost::numeric(20, 2), round(m.quantity * m.unit_cost, 2), s.name
        from one, inventory_movement m join product_variant v on v.id = m.variant_id and v.sku = 'ABA-001'
        join supplier s on s.id = m.supplier_id
        where m.business_id = business and m.reason = 'purchase' order by m.created_at desc limit 2`,
    },
    {
      question: '¿Cuánto gasté con proveedores este mes?',
      ...ana,
      calls: [['list_inventory_movements', { preset: 'this_month', reason: 'purchase', limit: 10 }]],
      sql: `select s.name, count(*), round(sum(quantity * unit_cost), 2) from one, inventory_movement m
        left join supplier s on s.id = m.supplier_id
        where m.business_id = business and reason = 'purchase' and (m.created_at at time zone zone)::date >= month
        group by rollup (1)`,
    },
    {
      question: 'How many hours did we log per client this month, billable or not?',
      ...sofia,
      calls: [['get_psa_time_report', { preset: 'this_month', groupBy: 'client' }]],
      sql: `select c.name, round(sum(minutes) / 60.0, 2),
        round(coalesce(sum(minutes) filter (where t.is_billable), 0) / 60.0, 2),
        sum(round(minutes * hourly_rate / 60.0, 2)) filter (where t.is_billable)
        from one, psa_time_entry t join psa_step s on s.id = t.step_id join psa_board b on b.id = s.board_id
        join customer c on c.id = b.customer_id
        where t.business_id = business and worked_on between month and today group by rollup (1)`,
    },
    {
      question: 'Which projects are over their budget of hours?',
      ...sofia,
      calls: [['list_psa_boards', {}]],
      sql: `select b.name, round(sum(estimated_minutes) / 60.0, 2), (select round(sum(minutes) / 60.0, 2)
          from psa_time_entry t join psa_step x on x.id = t.step_id where x.board_id = b.id)
        from one, psa_board b join psa_step s on s.board_id = b.id
        where b.business_id = business and b.status in ('planned', 'active', 'paused') group by b.id, b.name`,
    },
    {
      question: 'Month end: give me last month for the books',
      ...ana,
      calls: [
        ['summarize_period', { preset: 'last_month' }],
        ['get_tax_report', { preset: 'last_month' }],
      ],
      sql: `select ${NET}, round(sum(tax), 2), count(distinct sale) from line, one
        where day >= month - interval '1 month' and day < month`,
    },
    {
      question: 'How has coffee grown over the last 6 months, month by month?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          { from: addMonths(monthStart(today), -6), to: today, groupBy: ['month'], filters: ['category=Café y té'] },
        ],
      ],
      sql: `select ${NET} from one, line join product p on p.id = product_id
        join category c on c.id = p.category_id and c.name = 'Café y té'
        where day >= month - interval '6 months' group by date_trunc('month', day)`,
    },
  ]
}

function isTuesday(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).getUTCDay() === 2
}
