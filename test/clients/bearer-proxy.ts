import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Adds a credential to every request, for a client that cannot be given one, and passes everything else on. */
export async function startBearerProxy(target: string, token: string) {
  const { hostname, port } = new URL(target)
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming
    const options = { hostname, port, method, path: url, headers: { ...headers, authorization: `Bearer ${token}` } }
    const upstream = forward(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    upstream.once('error', () => outgoing.destroy())
    outgoing.once('close', () => upstream.destroy())
    incoming.pipe(upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
