import { Type } from '@sinclair/typebox'
import { seesEmployees } from '../../src/auth/principal.ts'
import { Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { countEmployees, findEmployees } from '../../src/pos/organisation/employees.ts'
import { counted } from '../../src/results/counted.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, Limit, NullableText } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean, cleanOrNull, nameWithState } from '../../src/results/text.ts'

export default defineTool({
  name: 'list_employees',
  title: 'Employees',
  description:
    'The people of the shop by number, with position and location; cashiers see themselves alone. For what each of ' +
    'them sold use get_sales_report.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ search: Search, limit: Limit({ default: 100, maximum: 100 }), cursor: Cursor }),
  output: Type.Object({
    matching: Type.Integer(),
    switchedOff: Type.Integer(),
    employees: Type.Array(
      Type.Object({
        number: Type.String(),
        name: Type.String(),
        position: NullableText,
        location: NullableText,
        isActive: Type.Boolean(),
      }),
    ),
    ...PAGE_OUTPUT,
  }),
  async handler({ search, limit, cursor }, { db, business, principal }) {
    const after = decodeCursor(cursor, 1)
    const isAlone = !seesEmployees(principal, business)
    const userId = isAlone ? principal.userId : undefined
    const [rows, matching] = await Promise.all([
      findEmployees(db, business.id, { userId, search, limit: limit + 1, after }),
      countEmployees(db, business.id, { userId, search }),
    ])
    const { items: employees, ...more } = page(
      rows,
      limit,
      (row) => [row.number],
      (row) => ({
        number: clean(row.number, 40),
        name: clean(row.name),
        position: cleanOrNull(row.position, 60),
        location: cleanOrNull(row.location),
        isActive: row.is_active,
      }),
    )
    const list = listText({
      what: 'employees',
      headers: ['number', 'employee', 'position', 'location'],
      rows: employees.map(({ number, name, position, location, isActive }) => [
        number,
        nameWithState(name, isActive),
        position ?? '–',
        location ?? '–',
      ]),
      total: matching.all,
      nextCursor: more.nextCursor,
      ...(!isAlone && {
        answer: `${counted(matching.all, 'employee')}${search === undefined ? '' : ' that match'}, ${matching.switched_off} of them switched off.`,
      }),
    })
    return {
      text: isAlone ? `${list}\nOthers are shown to owners, admins and managers.` : list,
      data: { matching: matching.all, switchedOff: matching.switched_off, employees, ...more },
    }
  },
})
