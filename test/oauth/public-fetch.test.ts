import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPublicFetch } from '../../src/oauth/public-fetch.ts'
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
})
