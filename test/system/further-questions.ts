import { ANA, CAFE_NONO, ESTUDIO_QUETZAL, HUDSON, LA_CEIBA, LUIS, MARCO, SOFIA } from '../../demo/data/directory.ts'
import type { Question } from './owners-questions.ts'

/** Lines with what they cost, of sales and of refunds whose goods came back, as far as the cost is known. */
const COSTED = `(
  select s.day, s.at, s.location_id, s.customer_id, i.product_id, i.gross_sales - i.discount as net, i.quantity * i.unit_cost as cost
  from sale s join order_item i on i.order_id = s.id and i.unit_cost is not null
  union all
  select (f.refunded_at at time zone zone)::date, f.refunded_at at time zone zone, f.location_id, o.customer_id, r.product_id,
    -r.returns, case when r.restocked then -r.quantity * r.unit_cost else 0 end
  from one join order_refund f on f.business_id = business join orders o on o.id = f.order_id
  join order_refund_line r on r.refund_id = f.id and r.unit_cost is not null) x`

/** A product's name, or as much of a long one as a row of a table has. */
const NAME_CUT = `p.name || '|' || left(p.name, 59) || '…'`

/** More of what people of a shop ask, in the form of the thirty questions. */
export function furtherQuestionsOn(): Question[] {
  const ana = { who: ANA, business: LA_CEIBA }
  const marco = { who: MARCO, business: CAFE_NONO }
  const sofia = { who: SOFIA, business: ESTUDIO_QUETZAL }
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
        where o.business_id = business and o.status = 'cancelled' and (opened_at at time zone zone)::date >= month
        order by opened_at desc, o.id desc limit 3)`,
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
      question: "Which supplier's products sell best this month?",
      ...ana,
      calls: [
        [
          'get_sales_report',
          { preset: 'this_month', groupBy: ['supplier'], measures: ['net_sales', 'margin', 'units'] },
        ],
      ],
      sql: `select coalesce(s.name, 'no supplier'), round(sum(net), 2) from one, line
        join product p on p.id = product_id left join supplier s on s.id = p.supplier_id
        where day >= month group by 1`,
    },
    {
      question: 'Which products have the lowest margin?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          {
            preset: 'last_month',
            groupBy: ['product'],
            measures: ['margin_percent', 'net_sales'],
            sort: '-margin_percent',
            limit: 5,
          },
        ],
      ],
      sql: `select name, round(100 * sum(net - cost) / sum(net), 1) from (
          select i.product_id, s.day, i.gross_sales - i.discount as net, i.quantity * i.unit_cost as cost
          from sale s join order_item i on i.order_id = s.id and i.unit_cost is not null
          union all
          select r.product_id, (f.refunded_at at time zone zone)::date, -r.returns,
            case when r.restocked then -r.quantity * r.unit_cost else 0 end
          from one join order_refund f on f.business_id = business
          join order_refund_line r on r.refund_id = f.id and r.unit_cost is not null) x
        join product p on p.id = x.product_id join one on true
        where day >= month - interval '1 month' and day < month
        group by p.id, p.name having sum(net) > 0 order by sum(net - cost) / sum(net), sum(net) desc limit 5`,
    },
    {
      question: 'Which products sell less than in the month before?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          {
            preset: 'last_month',
            groupBy: ['product'],
            measures: ['net_sales'],
            compare: 'previous',
            sort: '-change',
            limit: 5,
          },
        ],
      ],
      sql: `select name, is_now, was, is_now - was from (
          select p.name, round(coalesce(sum(net) filter (where day >= month - interval '1 month'), 0), 2) as is_now,
            round(coalesce(sum(net) filter (where day < month - interval '1 month'), 0), 2) as was
          from one, line join product p on p.id = product_id
          where day >= month - interval '2 months' and day < month group by p.id, p.name) x
        order by 4 limit 5`,
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
    {
      question: '¿Cuánto vendió Luis los sábados por la tarde?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          {
            preset: 'last_90_days',
            groupBy: ['weekday'],
            filters: ['employee=Luis', 'weekday=Sat', 'hour=14-20'],
            measures: ['net_sales', 'orders'],
          },
        ],
      ],
      sql: `select round(sum(net), 2), count(distinct sale) from one, line join employee e on e.id = sold_by
        where e.name like 'Luis %' and day > today - 90 and extract(isodow from day) = 6
          and extract(hour from at) between 14 and 19`,
    },
    {
      question: 'Who sells the most Café con leche?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          {
            preset: 'last_month',
            groupBy: ['employee'],
            filters: ['product=Café con leche'],
            measures: ['units', 'net_sales'],
            sort: 'net_sales',
          },
        ],
      ],
      sql: `select e.name, round(sum(net), 2) from one, line join employee e on e.id = sold_by
        join product p on p.id = product_id and p.name = 'Café con leche'
        where day >= month - interval '1 month' and day < month group by 1`,
    },
    {
      question: 'What would I lose if I stopped selling the French press?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          {
            preset: 'last_90_days',
            groupBy: ['month'],
            filters: ['product=Prensa francesa 600 ml'],
            measures: ['net_sales', 'margin', 'orders'],
          },
        ],
      ],
      sql: `select round(sum(net), 2), round(sum(net - cost), 2) from one, ${COSTED}
        join product p on p.id = product_id and p.name = 'Prensa francesa 600 ml'
        where day > today - 90 group by rollup (date_trunc('month', day))`,
    },
    {
      question: 'What did we refund in cash last week, and why?',
      ...ana,
      calls: [['list_refunds', { preset: 'last_week', method: 'cash' }]],
      sql: `select o.order_number, round(f.total, 2), f.reason, count(*) over (), round(sum(f.total) over (), 2)
        from one, order_refund f join orders o on o.id = f.order_id
        where f.business_id = business and f.method = 'cash'
          and (f.refunded_at at time zone zone)::date between date_trunc('week', today) - interval '7 days'
            and date_trunc('week', today) - interval '1 day'`,
    },
    {
      question: "Which supplier's products lost margin against last year?",
      ...ana,
      calls: [
        [
          'get_sales_report',
          {
            preset: 'this_month',
            groupBy: ['supplier'],
            measures: ['margin', 'net_sales'],
            compare: 'year',
            sort: '-change',
          },
        ],
      ],
      sql: `select coalesce(s.name, 'no supplier'), round(sum(net - cost) filter (where day >= month), 2),
          round(sum(net - cost) filter (where day < month), 2)
        from one, ${COSTED} join product p on p.id = product_id left join supplier s on s.id = p.supplier_id
        where day >= month or at >= month - a_year and at < clock - a_year group by 1`,
    },
    {
      question: '¿Quién no compra desde agosto y había gastado más de 1.000?',
      ...ana,
      calls: [['list_clients', { lastPurchaseBefore: '2026-09-01', minSpend: '1000', sort: 'net_sales', limit: 10 }]],
      sql: `select c.name, max(day)::text, count(*) over () from sale s join customer c on c.id = s.customer_id
        group by c.id, c.name having max(day) < '2026-09-01' and sum(s.net_sales) - coalesce((
          select sum(f.returns) from order_refund f join orders o on o.id = f.order_id and o.customer_id = c.id), 0) >= 1000
        order by sum(s.net_sales) - coalesce((
          select sum(f.returns) from order_refund f join orders o on o.id = f.order_id and o.customer_id = c.id), 0) desc
        limit 10`,
    },
    {
      question: 'Is the average basket bigger at weekends than on weekdays?',
      ...ana,
      calls: ['weekend', 'weekdays'].map((days) => [
        'get_sales_report',
        {
          preset: 'last_90_days',
          groupBy: ['location'],
          filters: [`weekday=${days}`],
          measures: ['average_sale', 'items_per_order'],
        },
      ]),
      sql: `select round(sum(net) / count(distinct sale), 2), count(distinct sale) from one, line where day > today - 90
        group by extract(isodow from day) > 5`,
    },
    {
      question: 'Which clients bring the most margin in the second shop?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          { preset: 'last_month', groupBy: ['client'], measures: ['margin'], locationId: 'Antigua', limit: 5 },
        ],
      ],
      sql: `select c.name, round(sum(net - cost), 2) from one, ${COSTED} join location l on l.id = x.location_id and l.name = 'Antigua'
        join customer c on c.id = customer_id where day >= month - interval '1 month' and day < month
        group by c.id, c.name order by sum(net - cost) desc limit 5`,
    },
    {
      question: '¿En qué días de fin de semana vendimos menos el mes pasado?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          { preset: 'last_month', groupBy: ['day'], filters: ['weekday=weekend'], measures: ['net_sales'] },
        ],
      ],
      sql: `select day::text, round(sum(net), 2) from one, line where extract(isodow from day) > 5
        and day >= month - interval '1 month' and day < month group by 1`,
    },
    {
      question: '¿Cuánto entró por cada medio de pago cada día de esta semana?',
      ...ana,
      calls: [['get_sales_report', { preset: 'this_week', groupBy: ['day', 'payment_method'] }]],
      sql: `select method, round(sum(amount), 2) from one, (
          select p.method, p.amount, day from sale s join order_payment p on p.order_id = s.id
          union all
          select f.method, -f.total, (f.refunded_at at time zone zone)::date from one
            join order_refund f on f.business_id = business) x
        where day >= date_trunc('week', today) group by method, rollup (day)`,
    },
    {
      question: 'How many customers come on an average Saturday, hour by hour?',
      ...marco,
      calls: [
        [
          'get_sales_report',
          {
            ...{ businessId: CAFE_NONO.id, preset: 'last_month', groupBy: ['hour'] },
            ...{ filters: ['weekday=Sat'], measures: ['orders'] },
          },
        ],
      ],
      sql: `select orders, round(per_day, case when per_day < 1 then 2 else 1 end) from (
          select count(*) as orders, count(*)::numeric / (select count(*) from one,
            generate_series(month - interval '1 month', month - interval '1 day', '1 day') d
            where extract(isodow from d) = 6) as per_day
          from one, sale where day >= month - interval '1 month' and day < month and extract(isodow from day) = 6
          group by extract(hour from at)) x`,
    },
    {
      question: 'What did Sofía do yesterday?',
      ...sofia,
      calls: [['get_psa_time_report', { preset: 'yesterday', person: 'sofia' }]],
      sql: `select s.name, b.name, round(minutes / 60.0, 2) from one, psa_time_entry t join psa_step s on s.id = t.step_id
        join psa_board b on b.id = s.board_id join app_user u on u.id = t.user_id and u.display_name like 'Sofía %'
        where t.business_id = business and worked_on = today - 1`,
    },
    {
      question: '¿Qué pasos abiertos no tienen responsable?',
      ...sofia,
      calls: [['list_psa_steps', { assignee: 'nobody' }]],
      sql: `select s.name, b.name, s.due_on::text from one, psa_step s join psa_board b on b.id = s.board_id
        where s.business_id = business and s.status <> 'done' and s.assignee_id is null
          and b.status in ('planned', 'active', 'paused')`,
    },
    {
      question: '¿Cuánto vendimos el mes pasado sin cliente registrado, y cuánto el anterior?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          {
            ...{ preset: 'last_month', groupBy: ['location'], filters: ['client=sin cliente'] },
            ...{ measures: ['net_sales', 'orders'], compare: 'previous' },
          },
        ],
      ],
      sql: `select round(sum(net) filter (where is_last), 2), sum(sold) filter (where is_last),
          round(sum(net) filter (where not is_last), 2)
        from (
          select *, day >= month - interval '1 month' as is_last from one, (
            select customer_id, location_id, day, net_sales as net, 1 as sold from sale
            union all
            select o.customer_id, f.location_id, (f.refunded_at at time zone zone)::date, -f.returns, 0
            from one join order_refund f on f.business_id = business join orders o on o.id = f.order_id) x
          where customer_id is null and day >= month - interval '2 months' and day < month) x
        group by rollup (location_id)`,
    },
    {
      question: 'How much did we sell last month of what has no supplier?',
      ...ana,
      calls: [['get_sales_report', { preset: 'last_month', groupBy: ['category'], filters: ['supplier=none'] }]],
      sql: `select c.name, round(sum(net), 2) from one, line
        join product p on p.id = product_id and p.supplier_id is null left join category c on c.id = p.category_id
        where day >= month - interval '1 month' and day < month group by rollup (c.name)`,
    },
    {
      question: '¿Qué ventas de más de 300 de esta semana no tienen cliente?',
      ...ana,
      calls: [
        [
          'list_orders',
          {
            ...{ preset: 'this_week', status: 'completed', clientId: 'ninguno', minTotal: '300' },
            ...{ sort: 'largest', limit: 10 },
          },
        ],
      ],
      sql: `select order_number, round(total, 2), count(*) over (), round(sum(total) over (), 2) from one, sale
        where customer_id is null and total >= 300 and day >= date_trunc('week', today) order by total desc limit 10`,
    },
    {
      question: 'Which of our clients have no tax id?',
      ...ana,
      calls: [['list_clients', { without: 'tax_id', limit: 5 }]],
      sql: `select name, code, count(*) over () from one, customer
        where business_id = business and is_active and coalesce(tax_id, '') !~ '[0-9]' order by name, id limit 5`,
    },
    {
      question: '¿Qué productos no tienen código de barras?',
      ...ana,
      calls: [['get_products', { without: 'barcode', limit: 20 }]],
      sql: `select v.sku, v.price::numeric(20, 2), count(*) over () from one, product_variant v
        join product p on p.id = v.product_id
        where v.business_id = business and v.barcode is null and v.is_active and p.is_active`,
    },
    {
      question: 'How big are our sales?',
      ...ana,
      calls: [
        ['get_sales_report', { preset: 'last_month', groupBy: ['order_total'], measures: ['orders', 'net_sales'] }],
      ],
      sql: `select case when total < 1 then '0 to below 1' when total < 2 then '1 to below 2' when total < 5 then '2 to below 5'
            when total < 10 then '5 to below 10' when total < 20 then '10 to below 20' when total < 50 then '20 to below 50'
            when total < 100 then '50 to below 100' when total < 200 then '100 to below 200'
            when total < 500 then '200 to below 500' when total < 1000 then '500 to below 1,000'
            else '1,000 to below 2,000' end, sum(sold), round(sum(net), 2)
        from one, (
          select total, day, net_sales as net, 1 as sold from sale
          union all
          select o.total, (f.refunded_at at time zone zone)::date, -f.returns, 0
          from one join order_refund f on f.business_id = business join orders o on o.id = f.order_id) x
        where day >= month - interval '1 month' and day < month group by 1`,
    },
    {
      question: '¿Cuántas veces se vende el café con leche solo?',
      ...ana,
      calls: [['get_bought_together', { preset: 'last_30_days', product: 'Café con leche', limit: 3 }]],
      sql: `select count(*), count(*) filter (where alone), round(100.0 * count(*) filter (where alone) / count(*), 1)
        from (
          select count(distinct product_id) = 1 as alone from one, line
          join product p on p.id = product_id where sale is not null and day > today - 30
          group by sale having bool_or(p.name = 'Café con leche')) x`,
    },
    {
      question: 'Which products are mostly bought alone, and which never?',
      ...ana,
      calls: [['get_bought_together', { preset: 'last_30_days', limit: 3 }]],
      sql: `(select ${NAME_CUT}, count(*) filter (where alone) as alone, count(*) as orders from (
            select product_id, count(*) over (partition by sale) = 1 as alone from (
              select distinct sale, product_id from one, line where sale is not null and day > today - 30) x) x
          join product p on p.id = product_id group by p.id, p.name
          having count(*) > 1 and count(*) filter (where alone) * 2 > count(*) order by 2 desc, p.id limit 5)
        union all
        (select ${NAME_CUT}, 0, count(*) from (
            select product_id, count(*) over (partition by sale) = 1 as alone from (
              select distinct sale, product_id from one, line where sale is not null and day > today - 30) x) x
          join product p on p.id = product_id group by p.id, p.name
          having count(*) > 1 and not bool_or(alone) order by 3 desc, p.id limit 5)`,
    },
    {
      question: '¿Cuánto vendimos entre semana y en efectivo en Antigua este mes?',
      ...ana,
      calls: [
        [
          'get_sales_report',
          {
            ...{ preset: 'this_month', groupBy: [] },
            filters: ['weekday=entre semana', 'payment_method=cash', 'location=antigua'],
          },
        ],
      ],
      // A refund counts on its own day, with the methods of its sale.
      sql: `select round(sum(net), 2), sum(orders) from (
          select s.location_id, s.day, s.id, s.net_sales as net, 1 as orders from sale s
          union all
          select f.location_id, (f.refunded_at at time zone zone)::date, f.order_id, -f.returns, 0
          from one join order_refund f on f.business_id = business) x
        join location l on l.id = location_id and l.name = 'Antigua' join one on true
        where day >= month and extract(isodow from day) < 6
          and exists (select from order_payment p where p.order_id = x.id and p.method = 'cash')`,
    },
    {
      question: '¿Cuánto compraron el mes pasado los clientes de Antigua?',
      ...ana,
      calls: [['get_sales_report', { preset: 'last_month', groupBy: [], filters: ['city=antigua'] }]],
      sql: `select round(sum(net), 2), sum(orders) from (
          select s.customer_id, s.day, s.net_sales as net, 1 as orders from sale s
          union all
          select o.customer_id, (f.refunded_at at time zone zone)::date, -f.returns, 0
          from one join order_refund f on f.business_id = business join orders o on o.id = f.order_id) x
        join customer c on c.id = customer_id and c.city = 'Antigua Guatemala' join one on true
        where day >= month - interval '1 month' and day < month`,
    },
    {
      question: 'What did Ana Ajú Ordóñez buy last month, and what does she like?',
      ...ana,
      calls: [['get_client', { client: 'ana ajú ordóñez', preset: 'last_month' }]],
      sql: `select count(distinct m.sale)::text, round(sum(m.net), 2)::text from one, (
          select s.id as sale, s.day, s.net_sales as net, s.customer_id from sale s
          union all
          select null, (f.refunded_at at time zone zone)::date, -f.returns, o.customer_id
          from one join order_refund f on f.business_id = business join orders o on o.id = f.order_id) m
        join customer c on c.id = m.customer_id and c.name = 'Ana Beatriz Ajú Ordóñez'
        where m.day >= month - interval '1 month' and m.day < month`,
    },
    {
      question: 'How much have we sold this year, and how does it go on?',
      ...ana,
      calls: [['get_sales_report', { preset: 'this_year', compare: 'year' }]],
      sql: `select round(sum(net), 2), (select count(*) from one, sale where day >= date_trunc('year', today)) from one, line
        where day >= date_trunc('year', today)`,
    },
    {
      question: 'Tips at Hudson between 5 and 8 pm, Monday to Thursday, in the last two weeks?',
      ...{ who: MARCO, business: HUDSON },
      calls: [
        [
          'get_sales_report',
          {
            ...{ businessId: 'hudson', preset: 'last_14_days', groupBy: ['hour'], measures: ['tips', 'orders'] },
            filters: ['hour=5-8pm', 'weekday=Monday to Thursday'],
          },
        ],
      ],
      sql: `select round(sum(tips), 2), sum(orders) from (
          select s.at, s.tips, 1 as orders from sale s
          union all
          select f.refunded_at at time zone zone, -f.tips, 0 from one join order_refund f on f.business_id = business) x
        join one on true
        where at::date > today - 14 and extract(isodow from at) < 5 and extract(hour from at) between 17 and 19
        group by extract(hour from at) having sum(orders) > 0`,
    },
    {
      question: 'IVA de todo el año pasado, para la declaración anual',
      ...ana,
      calls: [['get_tax_report', { preset: 'last_year' }]],
      // Where sales on file begin within the year, it is said.
      sql: `select round(sum(tax), 2)::text, (select case when min(day) > date_trunc('year', max(today)) - interval '1 year'
          then min(day)::text end from sale, one) from one, line
        where day >= date_trunc('year', today) - interval '1 year' and day < date_trunc('year', today)`,
    },
    {
      question: 'Could I sell the honey at 30?',
      ...ana,
      calls: [['update_product', { variant: 'ABA-009', price: '30', dryRun: true }]],
      sql: `select round(30 / (1 + b.tax_rate), 2), v.price::numeric(20, 2), v.cost::numeric(20, 2)
        from one join business b on b.id = business
        join product_variant v on v.business_id = business and v.sku = 'ABA-009'`,
    },
    {
      question: 'How do the last two weeks of each shop compare with the two before?',
      ...ana,
      calls: [['get_sales_by_location', { preset: 'last_14_days', compare: 'previous' }]],
      sql: `select l.name, round(sum(net), 2) from one, line join location l on l.id = location_id
        where day > today - 14 group by 1`,
    },
    {
      question: 'Cada día de este año en Excel, por favor',
      ...ana,
      calls: [
        [
          'export_data',
          { what: 'get_sales_report', format: 'xlsx', arguments: { preset: 'this_year', groupBy: ['day'] } },
        ],
      ],
      sql: `select date_trunc('year', today)::date || ' to ' || today from one`,
    },
    {
      question: 'Where does the web maintenance stand?',
      ...sofia,
      calls: [['get_psa_board', { board: 'web' }]],
      sql: `select b.name, round(sum(t.minutes) / 60.0, 2)::text from one, psa_board b
        join psa_step s on s.board_id = b.id join psa_time_entry t on t.step_id = s.id
        where b.business_id = business and b.name like 'Mantenimiento web%' group by 1`,
    },
  ]
}
