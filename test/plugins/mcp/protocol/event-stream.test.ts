import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EventStream } from '../../../../plugins/mcp/protocol/event-stream.ts'

const responses: ServerResponse[] = []
const server = createServer((_request, response) => void responses.push(response))
const clients: Socket[] = []

beforeEach(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  vi.useRealTimers()
  for (const client of clients.splice(0)) client.destroy()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  responses.length = 0
})

it('sends events, comments and the retry delay, until it ends', async () => {
  const { client, stream, response, onClose } = await open({ 'x-request': '1' })
  const onError = vi.fn()
  response.on('error', onError)
  const text = readAll(client)
  stream.send({ id: '1-0', data: '' })
  stream.send({ id: '2-0', event: 'message', data: '{"a":1}' })
  stream.comment('keep-alive')
  stream.retry(300)
  expect(stream.isOpen).toBe(true)
  stream.end()
  expect(stream.isOpen).toBe(false)
  stream.comment('late')

  const [head, body] = (await text).split('\r\n\r\n', 1).concat(bodyOf(await text))
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  for (const header of ['x-request: 1', 'content-type: text/event-stream', 'x-accel-buffering: no']) {
    expect(head).toContain(header)
  }
  expect(body).toBe('id: 1-0\ndata: \n\nid: 2-0\nevent: message\ndata: {"a":1}\n\n: keep-alive\n\nretry: 300\n\n')
  const seen: unknown[] = []
  createParser({ onEvent: (event) => seen.push(event), onRetry: (retry) => seen.push(retry) }).feed(body as string)
  expect(seen).toEqual([{ id: '1-0', data: '' }, { id: '2-0', event: 'message', data: '{"a":1}' }, 300])
  expect(onError).not.toHaveBeenCalled()
  await expect.poll(() => onClose.mock.calls.length).toBe(1)
})

it('notices its end even if the connection stays open', async () => {
  connectTo('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  const response = await nextResponse()
  const onClose = vi.fn()
  const stream = new EventStream(response, onClose)
  stream.open()
  stream.end()
  await expect.poll(() => onClose.mock.calls.length).toBe(1)
  expect(response.req.socket.destroyed).toBe(false)
})

it('notices once that its client has gone', async () => {
  const { client, stream, onClose } = await open()
  client.destroy()
  await expect.poll(() => onClose.mock.calls.length).toBe(1)
  expect({ isOpen: stream.isOpen, isGone: stream.isGone }).toEqual({ isOpen: false, isGone: true })
  stream.comment('nobody hears this')
  stream.end()
  stream.release()
  expect(onClose).toHaveBeenCalledTimes(1)
})

it('cuts off a client that does not read', async () => {
  const { client, stream, response, onClose } = await open()
  client.pause()
  let most = 0
  for (let sent = 0; stream.isOpen && sent < 2000; sent++) {
    stream.send({ id: '1-0', data: 'x'.repeat(16_000) })
    most = Math.max(most, response.writableLength)
    await turn()
  }
  expect(stream.isOpen).toBe(false)
  // Memory on top of the system's own buffers.
  expect(most).toBeLessThan(100_000)
  await expect.poll(() => onClose.mock.calls.length).toBe(1)
})

it('waits a while for a client that does not read its end', async () => {
  const { client, stream, response, onClose } = await open()
  client.pause()
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  while (response.writableLength === 0) {
    stream.send({ id: '1-0', data: 'x'.repeat(16_000) })
    await turn()
  }
  stream.end()
  vi.advanceTimersByTime(4900)
  await turn()
  expect(response.destroyed).toBe(false)
  vi.advanceTimersByTime(200)
  vi.useRealTimers()
  expect(response.destroyed).toBe(true)
  await expect.poll(() => onClose.mock.calls.length).toBe(1)
})

it('notices the end of a connection on which another answer comes first', async () => {
  const client = connectTo('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(2))
  const [, response] = [await nextResponse(), await nextResponse()]
  const onClose = vi.fn()
  const stream = new EventStream(response, onClose)
  stream.open()
  stream.comment('open')
  client.destroy()
  await expect.poll(() => onClose.mock.calls.length).toBe(1)
})

it('notices that its client had already gone', async () => {
  const client = connectTo('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  const response = await nextResponse()
  client.destroy()
  await once(response, 'close')
  const onClose = vi.fn()
  const stream = new EventStream(response, onClose)
  expect(stream.isGone).toBe(true)
  stream.release()
  expect(onClose).toHaveBeenCalledTimes(1)
})

it('leaves a released response to another answer', async () => {
  const client = connectTo('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  const response = await nextResponse()
  const listeners = () => response.req.socket.listenerCount('close')
  const before = listeners()
  const onClose = vi.fn()
  const stream = new EventStream(response, onClose)
  expect(listeners()).toBe(before + 1)
  stream.release()
  expect({ listeners: listeners(), isOpen: stream.isOpen }).toEqual({ listeners: before, isOpen: false })
  response.writeHead(503, { connection: 'close' }).end()
  expect(await readAll(client)).toMatch(/^HTTP\/1\.1 503 /)
  expect(onClose).toHaveBeenCalledTimes(1)
})

function connectTo(request: string): Socket {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  clients.push(client)
  client.write(request)
  return client
}

async function nextResponse(): Promise<ServerResponse> {
  while (responses.length === 0) await once(server, 'request')
  return responses.shift() as ServerResponse
}

/** An open stream, and the connection of its client. */
async function open(headers: Record<string, string> = {}) {
  const client = connectTo('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  const response = await nextResponse()
  const onClose = vi.fn()
  const stream = new EventStream(response, onClose)
  expect(stream.isOpen).toBe(false)
  stream.open(headers)
  return { client, stream, response, onClose }
}

async function readAll(client: Socket): Promise<string> {
  let text = ''
  for await (const chunk of client) text += chunk
  return text
}

/** The body of an answer in chunks. */
function bodyOf(answer: string): string {
  const chunks = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  return chunks.replace(/[0-9a-f]+\r\n([^\r]*)\r\n/g, '$1').trimStart()
}
