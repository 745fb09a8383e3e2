import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

// A client that does not read its stream is cut off; it can reconnect and resume where it was.
const MAX_UNREAD_BYTES = 65_536
// How long the end of a stream may take to reach its client.
const FAREWELL_MS = 5000

/** A response that is a stream of server-sent events (WHATWG HTML, section 9.2). Its client may be gone at any time. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #close: () => void
  #isOpen = false
  #isClosed = false

  /** @param onClose called once when the stream is over: released, or its connection closed */
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
    // HTTP pipelining: a response that waits behind others on its connection gets no event when the connection closes.
    socket.on('close', this.#close)
    response.on('error', destroy)
  }

  /** Whether events can be sent: the stream was opened, and neither side has ended it. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether the client is gone. */
  get isGone(): boolean {
    return this.#isClosed || this.#response.destroyed || this.#response.req.socket.destroyed
  }

  /** Begins the answer. */
  open(headers: OutgoingHttpHeaders = {}): void {
    this.#response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream',
      // Otherwise nginx buffers events until it has enough of them.
      'x-accel-buffering': 'no',
    })
    this.#isOpen = true
  }

  /** Sends an event; its data is one line. */
  send({ id, event, data }: { id: string; event?: string; data: string }): void {
    this.#write(`id: ${id}\n${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`)
  }

  /** Sends a comment, which clients ignore. */
  comment(text: string): void {
    this.#write(`: ${text}\n\n`)
  }

  /** Tells the client how long to wait before it reconnects. */
  retry(milliseconds: number): void {
    this.#write(`retry: ${milliseconds}\n\n`)
  }

  /** Ends the answer, and cuts off a client that does not read the end within five seconds. */
  end(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#response.end()
    setTimeout(() => this.#response.writableFinished || this.#response.destroy(), FAREWELL_MS).unref()
  }

  /** Lets go of the response, so that something else can answer with it. */
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
