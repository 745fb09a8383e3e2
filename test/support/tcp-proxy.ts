import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The network between an instance and a part that it depends on. */
export interface TcpProxy {
  port: number
  /** Connections break, and new ones are refused. */
  cut(): Promise<void>
  /** Connections stay and nothing passes, as behind a firewall that drops packets. */
  blackHole(): void
  /** Everything works again, and held-back data are passed on. */
  heal(): Promise<void>
  /** New connections work, existing ones never again. */
  healForNew(): void
  /** New connections lead to another port; existing ones stay. */
  leadTo(targetPort: number): void
  close(): Promise<void>
}

/** A proxy on 127.0.0.1 to a port of 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let isHole = false
  let leadsTo = targetPort

  const server = createServer((client) => {
    const target = connect(leadsTo, '127.0.0.1')
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => to.write(chunk))
      if (isHole) from.pause()
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const cut = async () => {
    if (!server.listening) return
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }

  await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    port,
    cut,
    blackHole() {
      isHole = true
      for (const socket of sockets) socket.pause()
    },
    async heal() {
      isHole = false
      for (const socket of sockets) socket.resume()
      if (!server.listening) await listen(port)
    },
    healForNew() {
      isHole = false
    },
    leadTo(port) {
      leadsTo = port
    },
    close: cut,
  }
}
