import { Type } from '@sinclair/typebox'
import { Id } from '../../src/mcp/arguments.ts'
import { changing, defineTool } from '../../src/mcp/tool.ts'
import {
  CLIENT_INPUT,
  ClientName,
  named,
  SameClientSchema,
  updateClient,
  WrittenClientSchema,
  writtenClient,
} from '../../src/pos/clients/client-writing.ts'
import { NullableText } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'

export default defineTool({
  name: 'update_client',
  title: 'Update a client',
  description:
    'Changes the given fields of a client and answers old and new values. "" clears a field. active: false takes the ' +
    'client off the lists; its orders stay. New clients: create_client.',
  scopes: ['pos:write'],
  aboutClients: true,
  annotations: changing,
  mode: 'write',
  input: Type.Object({
    client: Id('Code, tax id, name or id'),
    name: Type.Optional(ClientName),
    ...CLIENT_INPUT,
    active: Type.Optional(Type.Boolean()),
    expectedUpdatedAt: Type.Optional(Type.String({ format: 'date-time' })),
  }),
  output: Type.Object({
    client: WrittenClientSchema,
    changes: Type.Array(Type.Object({ field: Type.String(), from: NullableText, to: NullableText })),
    sameAs: SameClientSchema,
  }),
  async handler({ client: idOrCode, active, expectedUpdatedAt, ...texts }, { db, business, now, dryRun }) {
    const update = { texts, active, expectedUpdatedAt }
    const { client, updatedAt, changes, sameAs } = await updateClient(db, business, idOrCode, update, now)
    const same = sameAs === null ? '' : `\nIt has the same ${sameAs.shares} as ${named(sameAs)}.`
    const rows = changes.map(({ field, from, to }) => [field, from ?? '–', to ?? '–'])
    const written = writtenClient(client, updatedAt, business.timezone)
    const unchanged = dryRun ? 'Would change nothing' : 'Nothing changed'
    const changed = dryRun ? `Would change client ${named(client)}` : `Client ${named(client)} was changed`
    return {
      text:
        changes.length === 0
          ? `${unchanged}: ${named(client)} has these values already.`
          : `${changed}:\n${table(['field', 'old', 'new'], rows)}${same}`,
      data: {
        client: dryRun && changes.length > 0 ? { ...written, updatedAt: null } : written,
        changes,
        sameAs,
      },
      subject: `client ${client.id}`,
    }
  },
})
