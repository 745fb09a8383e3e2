import { Type } from '@sinclair/typebox'
import { notSeen, seesTotals } from '../../src/auth/costs.ts'
import { Amount } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, formatAmount } from '../../src/money/money.ts'
import { CLIENT_STATUSES } from '../../src/pos/clients/client-status.ts'
import {
  CLIENT_LACKS,
  CLIENT_SORTS,
  type ClientLack,
  findClients,
  nearestClients,
  sumClients,
} from '../../src/pos/clients/clients.ts'
import { placesOfClients } from '../../src/pos/clients/places.ts'
import { orNone } from '../../src/pos/none.ts'
import { COMPACT_OUTPUT, CompactRows, compactPage } from '../../src/results/compact-page.ts'
import { counted } from '../../src/results/counted.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit, LocalDate, StringEnum } from '../../src/results/schema.ts'
import { clean } from '../../src/results/text.ts'
import { localDate } from '../../src/time/local.ts'

const Place = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))

const LACKING: Record<ClientLack, string> = {
  tax_id: 'without a tax id, or with one without a digit ("CF")',
  email: 'without an e-mail address',
  phone: 'without a phone number',
  city: 'without a city',
}

const CONTACT_COLUMNS = ['code', 'client', 'email', 'phone', 'tax id', 'city', 'country']
const TOTAL_COLUMNS = ['orders', 'net sales']

export default defineTool({
  name: 'list_clients',
  title: 'Clients',
  description:
    'Clients with contact, lifetime orders, net sales, last purchase; sums of all that match. One client ' +
    'or its sales in a period: get_client. Default: active, by name.',
  scopes: ['pos:read'],
  aboutClients: true,
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    search: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'In name, tax id, phone, e-mail, code' }),
    ),
    city: Place,
    country: Place,
    without: Type.Optional(StringEnum(CLIENT_LACKS)),
    active: Type.Boolean({ default: true }),
    status: Type.Optional(StringEnum(CLIENT_STATUSES)),
    lastPurchaseBefore: Type.Optional(LocalDate()),
    minSpend: Type.Optional(Amount('Lifetime')),
    maxSpend: Type.Optional(Amount()),
    sort: StringEnum(CLIENT_SORTS, { default: 'name' }),
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    clients: CompactRows,
    ...COMPACT_OUTPUT,
    orders: Type.Optional(Type.Integer({ description: 'Of all that match' })),
    netSales: Type.Optional(Type.String({ description: 'Of all that match' })),
    currency: Type.String(),
    timezone: Type.String(),
    terms: Type.String(),
  }),
  async handler({ sort, limit, cursor, city: asked, without, ...input }, { db, business, principal, now }) {
    const hasTotals = seesTotals(principal, business)
    const city = asked === undefined ? undefined : await orNone(db, business.id, 'city', asked, (text) => text)
    const lacks = new Set<ClientLack>([
      ...(without === undefined ? [] : [without]),
      ...(city === null ? ['city' as const] : []),
    ])
    const filter = { ...input, city: city ?? undefined, without: [...lacks] }
    const ofTotals = {
      minSpend: filter.minSpend,
      maxSpend: filter.maxSpend,
      sort: sort === 'net_sales' ? sort : undefined,
    }
    for (const [argument, value] of Object.entries(ofTotals)) {
      if (value !== undefined && !hasTotals) throw notSeen(argument, 'what clients spent', business)
    }
    const after = decodeCursor(cursor, 3)
    const shop = { id: business.id, timezone: business.timezone, today: localDate(now, business.timezone) }
    const [found, sums] = await Promise.all([
      findClients(db, shop, { ...filter, sort, limit: limit + 1, after }),
      sumClients(db, shop, filter),
    ])
    // A place where nobody is, misspelt or called otherwise, is not one without clients that match.
    for (const column of sums.clients === 0 ? (['city', 'country'] as const) : []) {
      const place = filter[column]
      if (place !== undefined) await placesOfClients(db, business.id, column, place)
    }
    const { search } = filter
    const isNearest = sums.clients === 0 && search !== undefined
    const rows = isNearest ? await nearestClients(db, shop, { ...filter, search }) : found
    const list = compactPage({
      what: 'clients',
      columns: ['code', 'client', 'contact', 'city', 'country', 'orders', 'net', 'last purchase'],
      amounts: ['orders', 'net'],
      rows,
      limit,
      total: sums.clients,
      isNearest,
      keyOf: (row) => [String(row.rank), row.sort_key, row.id],
      cells: (row) => [
        clean(row.code, 40),
        clean(row.name, 60),
        clean(row.phone ?? row.email ?? '', 60),
        clean(row.city ?? '', 40),
        clean(row.country ?? '', 40),
        ...(hasTotals ? [row.orders, amountOf(row.net_sales, business)] : ['', '']),
        row.last_at === null ? '' : localDate(row.last_at, business.timezone),
      ],
    })
    const netSales = amountOf(sums.net_sales, business)
    const terms =
      filter.without.map((each) => `${LACKING[each]}; `).join('') +
      (hasTotals ? `lifetime orders and net sales (without tax) in ${business.currency}; ` : '') +
      `last purchase: days of ${business.timezone}`
    const sum =
      sums.clients === 0 || !hasTotals
        ? ''
        : `All that match${filter.active ? '' : ' (switched off)'}: ${counted(sums.orders, 'order')}, net sales ` +
          `${formatAmount(netSales, business.currency)}. `
    return {
      text: `${list.text}\n${sum}(${terms}.)`,
      file: {
        columns: [...CONTACT_COLUMNS, ...(hasTotals ? TOTAL_COLUMNS : []), 'last purchase'],
        rows: rows
          .slice(0, list.rows.length)
          .map((row) => [
            ...[clean(row.code, 60), clean(row.name, 120), row.email, row.phone, row.tax_id, row.city, row.country],
            ...(hasTotals ? [Number(row.orders), amountOf(row.net_sales, business)] : []),
            row.last_at === null ? null : localDate(row.last_at, business.timezone),
          ]),
      },
      data: {
        clients: list.rows,
        ...list.data,
        ...(hasTotals ? { orders: Number(sums.orders), netSales } : {}),
        currency: business.currency,
        timezone: business.timezone,
        terms,
      },
    }
  },
})
