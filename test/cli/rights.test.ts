import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type Run, runTool } from './run.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())

const loginUrl = (role: string) => `${db.ownerUrl}?options=-c%20role%3D${role}`
const json = ({ stdout }: Run) => JSON.parse(stdout)

describe('the rights of commands', () => {
  it.each([
    ['audit', []],
    ['business', ['list']],
    ['operator-key', ['list']],
    ['rollups', ['check']],
  ])('%s ends with a sentence that names the setting, as the login of the service', async (tool, args) => {
    const result = await runTool(tool, args, { env: { DATABASE_URL: loginUrl('flowpos_service') } })
    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'The login flowpos_service lacks the rights of commands: set COMMAND_DATABASE_URL to one in flowpos_commands.\n',
    })
  })

  it('leave rows of what they change', async () => {
    const env = { DATABASE_URL: loginUrl('flowpos_service'), COMMAND_DATABASE_URL: loginUrl('flowpos_commands') }
    const options = [
      '--name',
      'New',
      '--currency',
      'GTQ',
      '--timezone',
      'America/Guatemala',
      '--owner',
      'n@example.com',
    ]
    const business = json(await runTool('business', ['create', ...options, '--json'], { env }))
    const key = json(await runTool('operator-key', ['create', '--label', 'ops', '--json'], { env }))
    await runTool('operator-key', ['revoke', key.id], { env })
    const rows = await db.asOwner(
      `select kind || ' ' || action as what, credential_id, business_id, subject from mcp_audit
       where principal = 'command' order by id`,
    )
    expect(rows).toEqual([
      { what: 'membership made', credential_id: null, business_id: business.id, subject: `user ${business.ownerId}` },
      { what: 'key made', credential_id: key.id, business_id: null, subject: null },
      { what: 'key revoked', credential_id: key.id, business_id: null, subject: null },
    ])
  })
})
