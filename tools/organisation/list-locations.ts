import { Type } from '@sinclair/typebox'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { findLocations } from '../../src/pos/organisation/locations.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, Limit, NullableText } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean, cleanOrNull, nameWithState } from '../../src/results/text.ts'
import { withOffset } from '../../src/time/local.ts'

export default defineTool({
  name: 'list_locations',
  title: 'Locations',
  description:
    'The locations by name, with city, address, zone and local time. Use it to find a locationId; to compare what ' +
    'they sell use get_sales_by_location. Default: 50 rows.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ limit: Limit({ default: 50, maximum: 100 }), cursor: Cursor }),
  output: Type.Object({
    locations: Type.Array(
      Type.Object({
        id: Type.String(),
        name: Type.String(),
        timezone: Type.String(),
        localTime: Type.String({ description: 'Now, with the offset of its zone' }),
        city: NullableText,
        address: NullableText,
        isActive: Type.Boolean(),
      }),
    ),
    ...PAGE_OUTPUT,
  }),
  async handler({ limit, cursor }, { db, business, now }) {
    const after = decodeCursor(cursor, 2)
    const rows = await findLocations(db, business.id, { limit: limit + 1, after })
    const { items: locations, ...more } = page(
      rows,
      limit,
      (row) => [row.name, row.id],
      (row) => ({
        id: row.id,
        name: clean(row.name),
        timezone: row.timezone,
        localTime: withOffset(now, row.timezone),
        city: cleanOrNull(row.city, 60),
        address: cleanOrNull(row.address),
        isActive: row.is_active,
      }),
    )
    return {
      text: listText({
        what: 'locations',
        headers: ['location', 'city', 'address', 'time zone', 'local time', 'id'],
        rows: locations.map((location) => [
          nameWithState(location.name, location.isActive),
          location.city ?? '–',
          location.address ?? '–',
          location.timezone,
          location.localTime,
          location.id,
        ]),
        nextCursor: more.nextCursor,
      }),
      data: { locations, ...more },
    }
  },
})
