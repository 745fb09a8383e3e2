import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPublicFetch, internet, MOST_FETCHES } from '../../src/oauth/public-fetch.ts'
import { type ClientDocuments, startClientDocuments } from '../support/client-documents.ts'

const URL_OF_DOCUMENT = 'https://client.example/client.json'

let documents: ClientDocuments
let fetch: ReturnType<typeof createPublicFetch>

beforeAll(async () => {
  documents = await startClientDocuments()
  fetch = createPublicFetch(documents.network)
})
afterAll(() => documents?.close())

describe('a fetch of what a stranger names', () => {
  it('reaches a host by its public address, over TLS, with the name in the certificate', async () => {
    const response = await fetch(documents.documents.claude.client_id)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual(documents.documents.claude)
  })

  it.each([
    'http://client.example/client.json',
    'https://client.example:8443/client.json',
    'https://127.0.0.1/client.json',
    'https://93.184.215.14/client.json',
    'https://[::1]/client.json',
    'https://localhost/client.json',
    'https://redis/client.json',
  ])('does not even look up %s', async (url) => {
    await expect(fetch(url)).rejects.toThrow('only https addresses')
  })

  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fe80::1',
    'fec0::1',
    'fd00::1',
    '2001:db8::1',
    'not an address',
  ])('does not connect to a name that resolves to %s', async (address) => {
    documents.resolve('other.example', [address])
    await expect(fetch('https://other.example/client.json')).rejects.toThrow('not public')
  })

  it('does not connect if only one of several addresses is not public', async () => {
    documents.resolve('other.example', ['93.184.215.14', '10.0.0.1'])
    await expect(fetch('https://other.example/client.json')).rejects.toThrow('not public')
  })

  it('connects to the address that was checked, whatever the name server says afterwards', async () => {
    documents.serve(URL_OF_DOCUMENT, { checked: true })
    const { network } = documents
    let asked = 0
    const rebinding = createPublicFetch({
      agent: network.agent,
      lookup: (hostname) => {
        asked += 1
        return asked === 1 ? network.lookup(hostname) : Promise.resolve([{ address: '127.0.0.1', family: 4 }])
      },
    })
    expect(await (await rebinding(URL_OF_DOCUMENT)).json()).toEqual({ checked: true })
    expect(asked).toBe(1)
  })

  it('does not follow redirects', async () => {
    documents.serve(URL_OF_DOCUMENT, (_request, response) => {
      response.writeHead(302, { location: 'https://127.0.0.1/' }).end()
    })
    const response = await fetch(URL_OF_DOCUMENT)
    expect(response.status).toBe(302)
  })

  it.each(['a name server', 'a host', 'a body'])('stops waiting for %s when told to', async (slow) => {
    documents.serve(URL_OF_DOCUMENT, (_request, response) => {
      if (slow === 'a body') response.writeHead(200).write('{')
    })
    const { network } = documents
    const lookup = slow === 'a name server' ? () => new Promise<never>(() => {}) : network.lookup
    const signal = AbortSignal.timeout(200)
    const read = async () => (await createPublicFetch({ ...network, lookup })(URL_OF_DOCUMENT, { signal })).text()
    const started = Date.now()
    await expect(read()).rejects.toThrow()
    expect(Date.now() - started).toBeLessThan(2000)
  })

  it('is refused at once while too many others are under way, until they end', async () => {
    const { network } = documents
    const waiting: ((error: Error) => void)[] = []
    const silent = () => new Promise<never>((_resolve, reject) => waiting.push(reject))
    let isSilent = true
    const bounded = createPublicFetch({ ...network, lookup: (name) => (isSilent ? silent() : network.lookup(name)) })
    const begun = Array.from({ length: MOST_FETCHES }, () => bounded(URL_OF_DOCUMENT).catch(() => 'failed'))
    await expect(bounded(URL_OF_DOCUMENT)).rejects.toMatchObject({ code: 'unavailable' })
    expect(waiting).toHaveLength(MOST_FETCHES)

    isSilent = false
    for (const reject of waiting) reject(new Error('no answer'))
    await Promise.all(begun)
    documents.serve(URL_OF_DOCUMENT, { is: 'served' })
    for (let count = 0; count <= MOST_FETCHES; count += 1) {
      expect(await (await bounded(URL_OF_DOCUMENT)).json()).toEqual({ is: 'served' })
    }
  })

  it('counts as under way until its body has come', async () => {
    documents.serve(URL_OF_DOCUMENT, (_request, response) => void response.writeHead(200).write('{'))
    const bounded = createPublicFetch(documents.network)
    const stops = Array.from({ length: MOST_FETCHES }, () => new AbortController())
    const answers = await Promise.all(stops.map(({ signal }) => bounded(URL_OF_DOCUMENT, { signal })))
    await expect(bounded(URL_OF_DOCUMENT)).rejects.toMatchObject({ code: 'unavailable' })
    for (const stop of stops) stop.abort()
    await Promise.allSettled(answers.map((answer) => answer.text()))
    documents.serve(URL_OF_DOCUMENT, { is: 'served' })
    expect((await bounded(URL_OF_DOCUMENT)).status).toBe(200)
  })
})

describe('a name server', () => {
  /** Answers `A` and `AAAA` questions with these addresses, or never. */
  async function startNameServer(answers: { A: number[][]; AAAA: number[][] } | 'silent') {
    const socket = createSocket('udp4')
    socket.on('message', (question, from) => {
      if (answers === 'silent') return
      // RFC 1035 section 4.1: the question follows 12 bytes of header; its name ends with a zero, then come type and class.
      const end = question.indexOf(0, 12) + 5
      const type = question.readUInt16BE(end - 4)
      const records = (type === 1 ? answers.A : answers.AAAA).map((address) =>
        Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, address.length, ...address]),
      )
      const header = Buffer.from([0x81, 0x80, 0, 1, 0, records.length, 0, 0, 0, 0])
      socket.send(Buffer.concat([question.subarray(0, 2), header, question.subarray(12, end), ...records]), from.port)
    })
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() }
  }

  it('tells the addresses of both families, of which one may be missing', async () => {
    const v6 = [0x26, 6, 0x28, 0, ...Array(11).fill(0), 1]
    const both = await startNameServer({ A: [[93, 184, 215, 14]], AAAA: [v6] })
    const one = await startNameServer({ A: [[93, 184, 215, 14]], AAAA: [] })
    const none = await startNameServer({ A: [], AAAA: [] })
    const v4 = { address: '93.184.215.14', family: 4 }
    try {
      expect(await internet([both.address]).lookup('client.example')).toEqual([
        v4,
        { address: '2606:2800::1', family: 6 },
      ])
      expect(await internet([one.address]).lookup('client.example')).toEqual([v4])
      await expect(internet([none.address]).lookup('client.example')).rejects.toThrow('ENODATA')
    } finally {
      for (const server of [both, one, none]) server.close()
    }
  })

  it('that never answers delays no other lookup of the process, and is not waited for long', async () => {
    const silent = await startNameServer('silent')
    const { lookup: ask } = internet([silent.address])
    const started = Date.now()
    const asked = Array.from({ length: 16 }, (_, number) => ask(`silent-${number}.example`))
    const ended = Promise.allSettled(asked)
    await lookup('localhost')
    expect(Date.now() - started).toBeLessThan(500)
    for (const { status } of await ended) expect(status).toBe('rejected')
    expect(Date.now() - started).toBeLessThan(3000)

    const stop = new AbortController()
    const aborted = ask('silent.example', stop.signal)
    stop.abort()
    await expect(aborted).rejects.toThrow('ECANCELLED')
    silent.close()
  })
})
