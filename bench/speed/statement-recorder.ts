import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A statement sent to PostgreSQL. */
export interface Statement {
  text: string
  /** In PostgreSQL's text format. */
  values: (string | null)[]
}

export interface StatementRecorder {
  /** The database behind the recorder. */
  url: string
  /** The statements since the last call, in order, and how many times the client sent any. */
  take(): { statements: Statement[]; roundTrips: number }
  stop(): void
}

/**
 * A proxy in front of PostgreSQL that records the statements passing through.
 * @param databaseUrl of a database without TLS
 */
export async function startStatementRecorder(databaseUrl: string): Promise<StatementRecorder> {
  const url = new URL(databaseUrl)
  const port = Number(url.port)
  const statements: Statement[] = []
  let roundTrips = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const database = connect({ host: url.hostname, port })
    const read = createReader((statement) => statements.push(statement))
    client.on('data', (chunk: Buffer) => {
      const before = statements.length
      read(chunk)
      if (statements.length > before) roundTrips += 1
    })
    client.pipe(database).pipe(client)
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    take() {
      const taken = { statements: statements.splice(0), roundTrips }
      roundTrips = 0
      return taken
    },
    stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Reads what a client sends: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function createReader(found: (statement: Statement) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  let isStarted = false
  let parsed = ''
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      // The first message has no type.
      const head = isStarted ? 1 : 0
      if (rest.length < head + 4) return
      const end = head + rest.readInt32BE(head)
      if (rest.length < end) return
      const type = isStarted ? String.fromCharCode(rest[0] as number) : ''
      const body = rest.subarray(head + 4, end)
      rest = rest.subarray(end)
      isStarted = true
      if (type === 'Q') found({ text: texts(body, 1).join(), values: [] })
      if (type === 'P') parsed = texts(body, 2)[1] as string
      if (type === 'B') found({ text: parsed, values: boundValues(body) })
    }
  }
}

/** The first texts of a message, each ended by a zero. */
function texts(body: Buffer, count: number): string[] {
  return body.toString('utf8').split('\0').slice(0, count)
}

/** After two names, the formats and the values of Bind. */
function boundValues(body: Buffer): (string | null)[] {
  let at = body.indexOf(0, body.indexOf(0) + 1) + 1
  at += 2 + 2 * body.readInt16BE(at)
  const count = body.readInt16BE(at)
  at += 2
  return Array.from({ length: count }, () => {
    const length = body.readInt32BE(at)
    at += 4
    if (length < 0) return null
    at += length
    return body.toString('utf8', at - length, at)
  })
}
