import { Type } from '@sinclair/typebox'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { countNamed } from '../../src/pos/named-lists.ts'
import { findLocations } from '../../src/pos/organisation/locations.ts'
import { COMPACT_OUTPUT, CompactRows, compactPage } from '../../src/results/compact-page.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit } from '../../src/results/schema.ts'
import { clean } from '../../src/results/text.ts'
import { localNow } from '../../src/time/local.ts'

export default defineTool({
  name: 'list_locations',
  title: 'Locations',
  description:
    'The locations by name, with city, address, zone and local time. Any tool takes their names; to compare what ' +
    'they sell use get_sales_by_location. Default: 50 rows.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ limit: Limit({ default: 50, maximum: 100 }), cursor: Cursor }),
  output: Type.Object({ locations: CompactRows, ...COMPACT_OUTPUT }),
  async handler({ limit, cursor }, { db, business, now }) {
    const after = decodeCursor(cursor, 2)
    const [rows, total] = await Promise.all([
      findLocations(db, business.id, { limit: limit + 1, after }),
      countNamed(db, 'location', business.id),
    ])
    const list = compactPage({
      what: 'locations',
      columns: ['location', 'city', 'address', 'time zone', 'local time', 'state', 'id'],
      rows,
      limit,
      total,
      keyOf: (row) => [row.name, row.id],
      cells: (row) => {
        const { date, time } = localNow(now, row.timezone)
        return [
          clean(row.name, 80),
          clean(row.city ?? '', 60),
          clean(row.address ?? '', 120),
          row.timezone,
          `${date} ${time.slice(0, 5)}`,
          row.is_active ? '' : 'switched off',
          // Names may repeat.
          rows.some(({ id, name }) => id !== row.id && name === row.name) ? row.id : '',
        ]
      },
    })
    return { text: list.text, data: { locations: list.rows, ...list.data }, file: list.file }
  },
})
