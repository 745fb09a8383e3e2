import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

// A client that does not read its stream comes back later, and goes on from where it was.
const MAX_UNREAD_BYTES = 65_536
// So long may the end of a stream take to reach its client.
const FAREWELL_MS = 5000

/** A response that is a stream of server-sent events (WHATWG HTML, section 9.2). Its client may be gone at any time. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #close: () => void
  #isOpen = false
  #isClosed = false

  /** @param onClose told once that nothing is sent any more: by us, or because the client is gone */
  constructor(response: ServerResponse, onClose: () => void) {
    const { socket } = response.req
    this.#response = response
    this.#close = () => {
      if (this.#isClosed) return
      response.off('close', this.#close)
      socket.off('close', this.#close)
      this.#isOpen = false
      this.#isClosed = true
      onClose()
    }
    response.on('close', this.#close)
    // An answer that waits behind others on its connection is not told that the connection is gone.
    socket.on('close', this.#close)
    response.on('error', destroy)
  }

  /** Whether events can be sent: it was opened, and neither side has ended it. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether there is nobody to open it for. */
  get isGone(): boolean {
    return this.#isClosed || this.#response.destroyed || this.#response.req.socket.destroyed
  }

  /** Begins the answer. */
  open(headers: OutgoingHttpHeaders = {}): void {
    this.#response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream',
      // nginx keeps what it gets otherwise, until there is enough of it.
      'x-accel-buffering': 'no',
    })
    this.#isOpen = true
  }

  /** Sends an event; its data is one line. */
  send({ id, event, data }: { id: string; event?: string; data: string }): void {
    this.#write(`id: ${id}\n${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`)
  }

  /** Sends what clients pass over. */
  comment(text: string): void {
    this.#write(`: ${text}\n\n`)
  }

  /** Tells the client how long to wait before it comes back. */
  retry(milliseconds: number): void {
    this.#write(`retry: ${milliseconds}\n\n`)
  }

  /** Ends the answer; a client that does not read is cut off after a while. */
  end(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#response.end()
    setTimeout(() => this.#response.writableFinished || this.#response.destroy(), FAREWELL_MS).unref()
  }

  /** Gives the response back, for whoever answers in its place. */
  release(): void {
    this.#close()
  }

  #write(text: string): void {
    if (!this.#isOpen) return
    this.#response.write(text)
    if (this.#response.writableLength <= MAX_UNREAD_BYTES) return
    this.#isOpen = false
    this.#response.destroy()
  }
}

function destroy(this: ServerResponse): void {
  this.destroy()
}
