import { Type } from '@sinclair/typebox'
import { EXPORTABLE } from '../../src/exports/columns.ts'
import { FORMATS } from '../../src/exports/link.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { StringEnum } from '../../src/results/schema.ts'
import { localDate, localTime } from '../../src/time/local.ts'

const PROGRAMS = { csv: 'CSV', excel_csv: 'CSV for Excel', xlsx: 'Excel' } as const

export default defineTool({
  name: 'export_data',
  title: 'Export',
  description: 'All rows of a list or report as a file, behind a link that works once within 15 minutes.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    what: StringEnum(EXPORTABLE),
    format: StringEnum(FORMATS, { default: 'csv', description: 'Default csv' }),
    arguments: Type.Object({}, { default: {}, additionalProperties: true, description: 'Its filters' }),
    locale: Type.Optional(Type.String({ maxLength: 35, description: 'For excel_csv: es-GT' })),
  }),
  output: Type.Object({
    fileName: Type.String(),
    url: Type.String(),
    holds: Type.String({ description: 'Days and filters of its rows, as they were taken' }),
    expiresAt: Type.String(),
  }),
  async handler({ what, format, arguments: args, locale }, context) {
    const { business, offerFile } = context
    if (offerFile === undefined) throw new Error('this call cannot offer files')
    const { url, holds, fileName, mimeType, expiresAt } = await offerFile({ what, format, locale, args }, context)
    const until = localTime(expiresAt, business.timezone).slice(0, 5)
    return {
      text:
        `${fileName} (${PROGRAMS[format]}), all rows of ${what}${holds === '' ? '' : `, ${holds}`}: ${url}\n` +
        `Give the person this link. It opens once, until ${until}, and then shows what they may see at that moment.`,
      data: { fileName, url, holds, expiresAt: `${localDate(expiresAt, business.timezone)} ${until}` },
      links: [{ uri: url, name: fileName, mimeType }],
    }
  },
})
