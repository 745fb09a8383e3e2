import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../embedded/postgres.ts'
import { type Container, runOnce, startContainer } from './engine.ts'
import { type Nginx, startNginx } from './nginx.ts'
import { type Surroundings, startSurroundings } from './surroundings.ts'

describe('three containers behind deploy/nginx', () => {
  let around: Surroundings
  let containers: Container[] = []
  let ports: number[] = []
  let nginx: Nginx
  beforeAll(async () => {
    around = await startSurroundings()
    expect(await runOnce(around.owner, 'node', 'dist/cli/migrate.js')).toMatchObject({ code: 0 })
    ports = [await freePort(), await freePort(), await freePort()]
    containers = await Promise.all(ports.map((port) => startContainer(port, around.service)))
    nginx = await startNginx(ports)
  })
  afterAll(async () => {
    await nginx?.stop()
    await Promise.all(containers.map((container) => container.remove()))
    await around?.stop()
  })

  const post = async () => (await fetch(`${nginx.origin}/mcp`, { method: 'POST' })).status

  it('lets them take turns, then goes on without one that was killed', async () => {
    for (let call = 0; call < 9; call++) expect(await post()).toBe(401)
    const turns = await nginx.answeredBy()
    expect(turns).toHaveLength(9)
    expect(new Set(turns.slice(0, 3))).toEqual(new Set(ports.map((port) => `127.0.0.1:${port}`)))
    expect(turns.slice(3)).toEqual([...turns.slice(0, 3), ...turns.slice(0, 3)])

    await containers[0]?.signal('SIGKILL')
    await containers[0]?.ended()
    const statuses = await Promise.all(Array.from({ length: 30 }, post))
    expect(new Set(statuses)).toEqual(new Set([401]))
  })

  it('does not show what only the operator may see', async () => {
    const own = await freePort()
    const container = await startContainer(await freePort(), { ...around.service, METRICS_PORT: `${own}` })
    try {
      expect((await fetch(`${container.origin}/metrics`)).status).toBe(404)
      expect(await (await fetch(`http://127.0.0.1:${own}/metrics`)).text()).toContain('process_cpu')
    } finally {
      await container.remove()
    }
  })
})

describe('deploy/nginx over instances that misbehave', () => {
  const servers: Server[] = []
  let nginx: Nginx | undefined
  afterEach(async () => {
    await nginx?.stop()
    for (const server of servers.splice(0)) server.close().closeAllConnections()
  })

  /** An instance that answers requests as the test wants. */
  async function instance(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
    const server = createServer((request, response) => {
      if (request.url === '/health/live') response.end()
      else handle(request, response)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  it('does not repeat a POST that an instance has seen, and says so as the service does', async () => {
    let seen = 0
    const dying = (request: IncomingMessage) => {
      seen++
      request.socket.destroy()
    }
    nginx = await startNginx([await instance(dying), await instance(dying)])
    const response = await fetch(`${nginx.origin}/mcp`, { method: 'POST', body: '{}' })
    expect(seen).toBe(1)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toMatchObject({ statusCode: 503, code: 'unavailable', error: 'Service Unavailable' })
  })

  it('passes on a POST that no instance has seen', async () => {
    const gone = await freePort()
    nginx = await startNginx([gone, await instance((_request, response) => response.end('done'))])
    for (let call = 0; call < 4; call++) {
      const response = await fetch(`${nginx.origin}/mcp`, { method: 'POST', body: '{}' })
      expect(await response.text()).toBe('done')
    }
  })

  it("hands the service's own errors through", async () => {
    nginx = await startNginx([
      await instance((_request, response) => response.writeHead(503, { 'retry-after': '2' }).end('own words')),
    ])
    const response = await fetch(`${nginx.origin}/mcp`, { method: 'POST', body: '{}' })
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      503,
      '2',
      'own words',
    ])
  })

  it('does not hold back events of a stream', async () => {
    let finish = () => {}
    const port = await instance((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      // The second event is sent only after the first one has arrived.
      finish = () => response.end('data: 2\n\n')
    })
    nginx = await startNginx([port])
    const reader = (await fetch(`${nginx.origin}/mcp`)).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n')
    finish()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 2\n\n')
  })

  it('keeps nothing for a client that does not read', async () => {
    const total = 64 * 2 ** 20
    let taken = 0
    const port = await instance((_request, response) => {
      const chunk = Buffer.alloc(2 ** 16, 'x')
      const send = () => {
        taken += chunk.length
        if (taken < total) response.write(chunk, () => send())
        else response.end()
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      send()
    })
    nginx = await startNginx([port])
    const socket = connect(Number(new URL(nginx.origin).port), '127.0.0.1').pause()
    socket.write('GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n')
    let before = -1
    while (taken > before || taken === 0) {
      before = taken
      await sleep(1000)
    }
    socket.destroy()
    // The kernel's buffers of both sockets, but no file of nginx.
    expect(taken).toBeLessThan(total / 2)
  })

  it('tells the address of the client and the name it used, whatever the client claims', async () => {
    let headers: IncomingMessage['headers'] = {}
    const port = await instance((request, response) => {
      headers = request.headers
      response.end()
    })
    nginx = await startNginx([port])
    await fetch(`${nginx.origin}/mcp`, {
      headers: {
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'javascript',
      },
    })
    const { host } = new URL(nginx.origin)
    expect(headers).toMatchObject({
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': 'http',
      // TRUST_PROXY=1 trusts only the last one.
      'x-forwarded-for': '203.0.113.9, 127.0.0.1',
    })
  })
})
