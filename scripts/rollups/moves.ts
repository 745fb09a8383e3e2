/**
 * The triggers on what groups sales: when a client moves to another city, or a product to another category or supplier,
 * the sums of its sales move, too, in the transaction of the change.
 */
import { add, ROLLUPS, type Rollup } from './cells.ts'
import { KINDS, lockRows, oneByOne } from './facts.ts'
import { type Grouping, groupingOf } from './groups.ts'
import { layout, list, nested, union } from './layout.ts'
import { shareLock } from './triggers.ts'

/** Of more rows at once, all cells of the business are read rather than those of each. */
const MANY = 50

/** Old and new groups of the rows in which an update changed them. */
const regrouped = (values: Grouping['values']) => {
  const of = (sign: number, rows: string) => layout`
    select
      ${list([`${sign} as sign`, 'n.business_id', 'n.id', ...Object.entries(values).map(([name, value]) => `${value('n')} as ${name}`)])}
    from ${rows} n`
  const columns = list(['business_id', 'id', ...Object.keys(values)])
  return layout`
    select sum(sign)::integer as sign, ${columns}
    from ${nested(union(of(-1, 'removed'), of(1, 'added')))} n
    group by ${columns}
    having sum(sign) <> 0`
}

/** The daily cells `d` of rows `n`: looked up in the months that have some. */
const cellsOfEach = (base: string, key: string) => {
  const same = (of: string, time: string) => layout`
    ${of}.business_id = m.business_id and ${of}.basis = m.basis and ${of}.${time}
      and ${of}.location_id = m.location_id and ${of}.${key} = n.id`
  return layout`
    join sales_monthly m on m.business_id = n.business_id
    cross join lateral (
      select from ${base}_monthly x
      where ${same('x', 'month = m.month')}
      limit 1
    ) x
    cross join lateral (
      select at::date as at
      from generate_series(m.month::timestamp, m.month + interval '1 month - 1 day', '1 day') at
      offset 0
    ) t
    ${oneByOne(`${base}_daily`, 'd', same('d', 'day = t.at'))}`
}

const cellsOfMany = (base: string, key: string) =>
  `join ${base}_daily d on d.business_id = n.business_id and d.${key} = n.id`

/** Takes the cells of rows from their old group and adds them to the new one. */
function move(table: string, rollup: Rollup, column: string, rows: string, cells: string): string {
  const cell = rollup.key.map((name) => (name === column ? `n.${column}` : `d.${name}`)).join(', ')
  const sums = rollup.measures.map((name) => `sum(sign * d.${name})`)
  return `${add(
    table,
    rollup,
    layout`
      select
        ${cell},
        ${list(rollup.measures.map((name, index) => `${sums[index]} as ${name}`))}
      from ${nested(rows)} n
      ${cells}
      group by ${cell}`,
  )};`
}

/** The functions of these triggers, one for each table. */
export function moveFunctions(): string[] {
  return KINDS.flatMap((kind) => {
    const grouping = groupingOf(kind)
    if (grouping === null) return []
    const { table, key, values } = grouping
    const all = regrouped(values)
    const moves = (cells: typeof cellsOfEach) =>
      // As a sale writes them, so that neither waits for the other crosswise.
      Object.entries(values)
        .toReversed()
        .map(([column, value]) => {
          const name = `${column.replace(/_id$/, '')}_daily`
          return move(name, ROLLUPS[name] as Rollup, column, regrouped({ [column]: value }), cells(table, key))
        })
        .join('\n')
    return [
      layout`
        create or replace function ${table}_rollup_update() returns trigger
        language plpgsql security definer set search_path = public, pg_temp
        as $$
        declare loops text := current_setting('enable_nestloop');
        begin
          if not exists ${nested(all)} then
            return null;
          end if;

          if current_setting('transaction_isolation') <> 'read committed' then
            raise exception 'change the city, category or supplier of sales in a transaction that is read committed';
          end if;
          ${shareLock(all)}

          -- Waits for the sales under way, whose cells are then there; later ones wait, and find the new group.
          ${lockRows(table, 'id', all, 'update')}

          if (select count(*) from ${nested(all)} n where n.sign > 0) <= ${MANY} then
            ${moves(cellsOfEach)}
          else
            -- Without statistics, the cells would be looked up row by row.
            perform set_config('enable_nestloop', 'off', true);
            ${moves(cellsOfMany)}
            perform set_config('enable_nestloop', loops, true);
          end if;

          return null;
        end
        $$;`,
    ]
  })
}
