import { Type } from '@sinclair/typebox'
import { additive, defineTool } from '../../src/mcp/tool.ts'
import {
  CLIENT_INPUT,
  ClientName,
  createClient,
  named,
  SameClientSchema,
  WrittenClientSchema,
  writtenClient,
} from '../../src/pos/clients/client-writing.ts'

export default defineTool({
  name: 'create_client',
  title: 'Create a client',
  description:
    'Adds a client; without a code it gets the next free one. Refused where code, e-mail or tax id are taken ' +
    '(allowDuplicate: only the code). To change one use update_client.',
  scopes: ['pos:write'],
  aboutClients: true,
  annotations: additive,
  mode: 'write',
  input: Type.Object({
    name: ClientName,
    ...CLIENT_INPUT,
    allowDuplicate: Type.Boolean({ default: false, description: 'Default false' }),
  }),
  output: Type.Object({
    client: WrittenClientSchema,
    sameAs: SameClientSchema,
  }),
  async handler({ allowDuplicate, ...input }, { db, business, now, dryRun }) {
    const { client, sameAs } = await createClient(db, business.id, input, { allowDuplicate, now })
    const same = sameAs === null ? '' : ` It has the same ${sameAs.shares} as ${named(sameAs)}.`
    const written = writtenClient(client, now, business.timezone)
    // Somebody else may take the next free code before the real write.
    const code = input.code ? written.code : null
    const rehearsed = `Would create client ${written.name} with ${code === null ? 'the next free code' : `code ${code}`}.`
    return {
      text: dryRun ? `${rehearsed}${same}` : `Client ${named(client)} was created.${same}`,
      data: {
        client: dryRun ? { ...written, id: null, code, updatedAt: null } : written,
        sameAs,
      },
      subject: `client ${client.id}`,
    }
  },
})
